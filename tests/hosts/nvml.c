/* Replaces NVML beside a real driver whose module cannot be loaded: it answers as the installed
   libnvidia-ml.so.1 would with the recorded driver. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTALLED "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1"
enum { DRIVER_NOT_LOADED = 9, LIBRARY_NOT_FOUND = 12, LIB_RM_VERSION_MISMATCH = 18 };

static const char *release(void) {
  static char path[PATH_MAX];
  char *number = realpath(INSTALLED, path) ? strstr(path, ".so.") : NULL;
  return number ? number + 4 : NULL;
}

int nvmlInit_v2(void) {
  char text[200] = "", wanted[200];
  FILE *running = fopen("/proc/driver/nvidia/version", "r");
  if (!release()) return LIBRARY_NOT_FOUND;
  if (!running) return DRIVER_NOT_LOADED;
  if (!fgets(text, sizeof text, running)) text[0] = 0;
  fclose(running);
  snprintf(wanted, sizeof wanted, " %s ", release());
  return strstr(text, wanted) ? 0 : LIB_RM_VERSION_MISMATCH;
}

int nvmlSystemGetDriverVersion(char *text, unsigned size) {
  snprintf(text, size, "%s", release());
  return 0;
}
