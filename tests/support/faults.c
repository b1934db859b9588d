/* Fail the n-th call that changes a file below a folder: preloaded into a process (ld.so(8)).

   fault_arm(folder, n, kind) counts from there; kind 'e' lets the call fail with ENOSPC, 's' lets a
   write store half of its bytes before, 'k' kills the process instead of the call. A failed disk
   stays full: every later write fails, too. fault_count() returns how many calls there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[PATH_MAX];
static int wanted, seen, kind, full;

void fault_arm(const char *below, int n, int how) {
  snprintf(folder, sizeof folder, "%s", below);
  wanted = n, seen = 0, kind = how, full = 0;
}

int fault_count(void) { return seen; }

static int inside(const char *path) { return *folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int opened(int fd) {
  char name[64], path[PATH_MAX];
  if (!*folder) return 0;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return inside(path);
}

/* 1: this call fails. Names that go away need no space. */
static int fails(int counts, int needs_space) {
  if (!counts) return 0;
  if (++seen != wanted) return full && needs_space;
  if (kind == 'k') kill(getpid(), SIGKILL);
  full = 1;
  return needs_space;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define NO_SPACE return errno = ENOSPC, -1

ssize_t write(int fd, const void *data, size_t size) {
  if (fails(opened(fd), 1)) {
    if (kind != 's' || seen != wanted || size < 2) NO_SPACE;
    return REAL(write)(fd, data, size / 2);
  }
  return REAL(write)(fd, data, size);
}

int fsync(int fd) {
  if (fails(opened(fd), 1)) NO_SPACE;
  return REAL(fsync)(fd);
}

int ftruncate64(int fd, off64_t size) {
  if (fails(opened(fd), 0)) NO_SPACE;
  return REAL(ftruncate64)(fd, size);
}

int rename(const char *from, const char *to) {
  if (fails(inside(to), 1)) NO_SPACE;
  return REAL(rename)(from, to);
}

int renameat2(int one, const char *from, int other, const char *to, unsigned flags) {
  if (fails(inside(to), 1)) NO_SPACE;
  return REAL(renameat2)(one, from, other, to, flags);
}

int symlink(const char *target, const char *path) {
  if (fails(inside(path), 1)) NO_SPACE;
  return REAL(symlink)(target, path);
}

int mkdir(const char *path, mode_t mode) {
  if (fails(inside(path), 1)) NO_SPACE;
  return REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
  if (fails(inside(path), 0)) NO_SPACE;
  return REAL(unlink)(path);
}

int rmdir(const char *path) {
  if (fails(inside(path), 0)) NO_SPACE;
  return REAL(rmdir)(path);
}

static int open_any(const char *name, const char *path, int flags, mode_t mode) {
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
  if (flags & O_CREAT && access(path, F_OK) && fails(inside(path), 1)) NO_SPACE;
  return real(path, flags, mode);
}

#define OPEN(name)                              \
  int name(const char *path, int flags, ...) {  \
    va_list more;                               \
    va_start(more, flags);                      \
    mode_t mode = va_arg(more, mode_t);         \
    va_end(more);                               \
    return open_any(#name, path, flags, mode);  \
  }
OPEN(open)
OPEN(open64)
