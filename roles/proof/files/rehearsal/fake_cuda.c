/* A CUDA runtime without a GPU, for rehearsals only: loaded by LD_PRELOAD before PyTorch.

It answers N GPUs of a wanted name, capability and memory. Memory is address space of the host,
kernels do nothing, copies to and from a GPU do nothing above 64 KiB. The same file is also found
as libcuda.so.1 and libnvidia-ml.so.1. Built with the headers of the CUDA runtime in the
environment, so that its structures are those of the PyTorch that calls it.

FAKE_CUDA_GPUS, FAKE_CUDA_NAME, FAKE_CUDA_MAJOR, FAKE_CUDA_MINOR, FAKE_CUDA_BYTES,
FAKE_CUDA_PROCESSORS and FAKE_CUDA_RUNTIME (13000) describe the GPUs. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "driver_types.h"

#define OK 0
#define SMALL_COPY (64 << 10)
#define BLOCKS 65536

/* What the program asks for how often: synchronisations are counted. */
unsigned long fake_cuda_syncs = 0;

static __thread int current = 0;
static __thread int last_error = OK;

static long given(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? atol(text) : otherwise;
}

static int gpus(void) { return (int)given("FAKE_CUDA_GPUS", 1); }
static size_t gpu_bytes(void) { return (size_t)given("FAKE_CUDA_BYTES", 1L << 34); }
static const char *gpu_name(void) {
    const char *name = getenv("FAKE_CUDA_NAME");
    return name ? name : "Fake GPU";
}

static int failed(int code) {
    last_error = code;
    return code;
}

/* Memory of the GPUs: reserved, never touched unless something small is copied. */

static struct { char *start; size_t size; int gpu; } block[BLOCKS];
static size_t used[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int reserve(void **made, size_t size) {
    int at = -1;
    size = (size + 4095) & ~(size_t)4095;
    *made = NULL;
    if (!size) return OK;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS && at < 0; i++)
        if (!block[i].start) at = i;
    if (at < 0 || used[current] + size > gpu_bytes()) {
        pthread_mutex_unlock(&lock);
        return failed(cudaErrorMemoryAllocation);
    }
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        pthread_mutex_unlock(&lock);
        return failed(cudaErrorMemoryAllocation);
    }
    block[at].start = start;
    block[at].size = size;
    block[at].gpu = current;
    used[current] += size;
    pthread_mutex_unlock(&lock);
    *made = start;
    return OK;
}

static int owner(const void *place) {
    for (int i = 0; i < BLOCKS; i++)
        if (block[i].start && (const char *)place >= block[i].start &&
            (const char *)place < block[i].start + block[i].size)
            return block[i].gpu;
    return -1;
}

int cudaMalloc(void **made, size_t size) { return reserve(made, size); }
int cudaMallocAsync(void **made, size_t size, void *stream) { return reserve(made, size); }
int cudaMallocManaged(void **made, size_t size, unsigned flags) { return reserve(made, size); }
int cudaFree(void *place) {
    pthread_mutex_lock(&lock);
    for (int i = 0; place && i < BLOCKS; i++)
        if (block[i].start == place) {
            munmap(place, block[i].size);
            used[block[i].gpu] -= block[i].size;
            block[i].start = NULL;
            break;
        }
    pthread_mutex_unlock(&lock);
    return OK;
}
int cudaFreeAsync(void *place, void *stream) { return cudaFree(place); }
int cudaMemGetInfo(size_t *free, size_t *total) {
    *total = gpu_bytes();
    *free = *total - used[current];
    return OK;
}
int cudaHostAlloc(void **made, size_t size, unsigned flags) {
    *made = malloc(size ? size : 1);
    return *made ? OK : failed(cudaErrorMemoryAllocation);
}
int cudaMallocHost(void **made, size_t size) { return cudaHostAlloc(made, size, 0); }
int cudaFreeHost(void *place) { free(place); return OK; }
int cudaHostRegister(void *place, size_t size, unsigned flags) { return OK; }
int cudaHostUnregister(void *place) { return OK; }
int cudaHostGetDevicePointer(void **made, void *place, unsigned flags) {
    *made = place;
    return OK;
}
int cudaPointerGetAttributes(struct cudaPointerAttributes *out, const void *place) {
    int gpu = owner(place);
    memset(out, 0, sizeof *out);
    out->type = gpu < 0 ? cudaMemoryTypeUnregistered : cudaMemoryTypeDevice;
    out->device = gpu < 0 ? -2 : gpu;
    out->devicePointer = gpu < 0 ? NULL : (void *)place;
    return OK;
}

static int copied(void *to, const void *from, size_t size) {
    if (size <= SMALL_COPY) memcpy(to, from, size);
    return OK;
}
int cudaMemcpy(void *to, const void *from, size_t size, int kind) {
    fake_cuda_syncs++;
    return copied(to, from, size);
}
int cudaMemcpyAsync(void *to, const void *from, size_t size, int kind, void *stream) {
    return copied(to, from, size);
}
int cudaMemcpyPeerAsync(void *to, int a, const void *from, int b, size_t size, void *stream) {
    return copied(to, from, size);
}
int cudaMemset(void *to, int value, size_t size) {
    if (size <= SMALL_COPY) memset(to, value, size);
    return OK;
}
int cudaMemsetAsync(void *to, int value, size_t size, void *stream) {
    return cudaMemset(to, value, size);
}
int cudaMemcpyToSymbol(const void *to, const void *from, size_t size, size_t at, int kind) {
    return OK;
}
int cudaGetSymbolAddress(void **made, const void *symbol) { *made = (void *)symbol; return OK; }

/* The GPUs. */

int cudaGetDeviceCount(int *count) { *count = gpus(); return OK; }
int cudaGetDevice(int *gpu) { *gpu = current; return OK; }
int cudaSetDevice(int gpu) {
    if (gpu < 0 || gpu >= gpus()) return failed(cudaErrorInvalidDevice);
    current = gpu;
    return OK;
}
int cudaSetDeviceFlags(unsigned flags) { return OK; }
int cudaGetDeviceFlags(unsigned *flags) { *flags = 0; return OK; }
int cudaDeviceReset(void) { return OK; }
int cudaDriverGetVersion(int *version) {
    *version = (int)given("FAKE_CUDA_RUNTIME", 13000);
    return OK;
}
int cudaRuntimeGetVersion(int *version) { return cudaDriverGetVersion(version); }

static int threads_each(void) {
    int capability = (int)(10 * given("FAKE_CUDA_MAJOR", 8) + given("FAKE_CUDA_MINOR", 0));
    if (capability == 75) return 1024;
    return capability == 86 || capability == 89 || capability >= 110 ? 1536 : 2048;
}

int cudaGetDeviceProperties(struct cudaDeviceProp *out, int gpu) {
    if (gpu < 0 || gpu >= gpus()) return failed(cudaErrorInvalidDevice);
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", gpu_name());
    memset(&out->uuid, gpu + 1, sizeof out->uuid);
    out->totalGlobalMem = gpu_bytes();
    out->major = (int)given("FAKE_CUDA_MAJOR", 8);
    out->minor = (int)given("FAKE_CUDA_MINOR", 0);
    out->multiProcessorCount = (int)given("FAKE_CUDA_PROCESSORS", 64);
    out->warpSize = 32;
    out->maxThreadsPerBlock = 1024;
    out->maxThreadsPerMultiProcessor = threads_each();
    out->maxThreadsDim[0] = out->maxThreadsDim[1] = 1024;
    out->maxThreadsDim[2] = 64;
    out->maxGridSize[0] = 2147483647;
    out->maxGridSize[1] = out->maxGridSize[2] = 65535;
    out->regsPerBlock = out->regsPerMultiprocessor = 65536;
    out->sharedMemPerBlock = 48 << 10;
    out->sharedMemPerBlockOptin = out->sharedMemPerMultiprocessor = 96 << 10;
    out->totalConstMem = 64 << 10;
    out->l2CacheSize = 32 << 20;
    out->memoryBusWidth = 256;
    out->unifiedAddressing = out->concurrentKernels = out->managedMemory = 1;
    out->pciBusID = gpu + 1;
    return OK;
}
int cudaGetDeviceProperties_v2(struct cudaDeviceProp *out, int gpu) {
    return cudaGetDeviceProperties(out, gpu);
}

int cudaDeviceGetAttribute(int *value, int attribute, int gpu) {
    struct cudaDeviceProp answer;
    int code = cudaGetDeviceProperties(&answer, gpu);
    if (code) return code;
    switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor: *value = answer.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = answer.minor; break;
    case cudaDevAttrMultiProcessorCount: *value = answer.multiProcessorCount; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = threads_each(); break;
    case cudaDevAttrMaxBlockDimX: *value = 1024; break;
    case cudaDevAttrMaxGridDimX: *value = 2147483647; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = (int)answer.sharedMemPerBlock; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = (int)answer.sharedMemPerMultiprocessor; break;
    case cudaDevAttrL2CacheSize: *value = answer.l2CacheSize; break;
    case cudaDevAttrUnifiedAddressing: *value = 1; break;
    default: *value = 0;
    }
    return OK;
}
int cudaDeviceGetPCIBusId(char *text, int length, int gpu) {
    snprintf(text, (size_t)length, "0000:%02x:00.0", gpu + 1);
    return OK;
}
int cudaDeviceCanAccessPeer(int *can, int a, int b) { *can = a != b; return OK; }
int cudaDeviceEnablePeerAccess(int gpu, unsigned flags) { return OK; }
int cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
    *least = 0;
    *greatest = -5;
    return OK;
}
int cudaDeviceGetDefaultMemPool(void **pool, int gpu) { *pool = (void *)1; return OK; }
int cudaMemPoolGetAttribute(void *pool, int attribute, void *value) {
    *(uint64_t *)value = 0;
    return OK;
}
int cudaMemPoolSetAttribute(void *pool, int attribute, void *value) { return OK; }
int cudaMemPoolSetAccess(void *pool, const void *list, size_t count) { return OK; }
int cudaMemPoolTrimTo(void *pool, size_t keep) { return OK; }

/* Streams and events: everything has already happened. */

int cudaDeviceSynchronize(void) { fake_cuda_syncs++; return OK; }
int cudaStreamSynchronize(void *stream) { fake_cuda_syncs++; return OK; }
int cudaEventSynchronize(void *event) { fake_cuda_syncs++; return OK; }
int cudaStreamCreate(void **stream) { *stream = malloc(1); return OK; }
int cudaStreamCreateWithFlags(void **stream, unsigned flags) { return cudaStreamCreate(stream); }
int cudaStreamCreateWithPriority(void **stream, unsigned flags, int priority) {
    return cudaStreamCreate(stream);
}
int cudaStreamDestroy(void *stream) { free(stream); return OK; }
int cudaStreamQuery(void *stream) { return OK; }
int cudaStreamWaitEvent(void *stream, void *event, unsigned flags) { return OK; }
int cudaStreamGetPriority(void *stream, int *priority) { *priority = 0; return OK; }
int cudaStreamIsCapturing(void *stream, int *status) { *status = 0; return OK; }
int cudaStreamGetCaptureInfo(void *stream, int *status, void *id) { *status = 0; return OK; }
int cudaStreamGetCaptureInfo_v2(void *stream, int *status, void *id) { *status = 0; return OK; }
int cudaStreamGetCaptureInfo_v3(void *stream, int *status, void *id) { *status = 0; return OK; }
int cudaStreamAddCallback(void *stream, void (*call)(void *, int, void *), void *data, unsigned f) {
    call(stream, OK, data);
    return OK;
}
int cudaLaunchHostFunc(void *stream, void (*call)(void *), void *data) {
    call(data);
    return OK;
}
int cudaThreadExchangeStreamCaptureMode(int *mode) { return OK; }
int cudaEventCreate(void **event) { *event = malloc(1); return OK; }
int cudaEventCreateWithFlags(void **event, unsigned flags) { return cudaEventCreate(event); }
int cudaEventDestroy(void *event) { free(event); return OK; }
int cudaEventQuery(void *event) { return OK; }
int cudaEventRecord(void *event, void *stream) { return OK; }
int cudaEventRecordWithFlags(void *event, void *stream, unsigned flags) { return OK; }
int cudaEventElapsedTime(float *milliseconds, void *start, void *end) {
    *milliseconds = 0;
    return OK;
}
int cudaEventElapsedTime_v2(float *milliseconds, void *start, void *end) {
    return cudaEventElapsedTime(milliseconds, start, end);
}
int cudaProfilerStart(void) { return OK; }
int cudaProfilerStop(void) { return OK; }

/* Kernels do nothing. Their registration stays with the real runtime library. */

int cudaLaunchKernel(void) { return OK; }
int __cudaLaunchKernel(void) { return OK; }
int cudaLaunchKernelExC(void) { return OK; }
int cudaLaunchCooperativeKernel(void) { return OK; }
int cudaFuncSetAttribute(void) { return OK; }
int cudaFuncGetAttributes(struct cudaFuncAttributes *out, const void *function) {
    memset(out, 0, sizeof *out);
    out->maxThreadsPerBlock = 1024;
    out->numRegs = 32;
    out->binaryVersion = out->ptxVersion =
        (int)(10 * given("FAKE_CUDA_MAJOR", 8) + given("FAKE_CUDA_MINOR", 0));
    return OK;
}
int cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks) { *blocks = 1; return OK; }
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks) { *blocks = 1; return OK; }

int cudaGetLastError(void) { int code = last_error; last_error = OK; return code; }
int cudaPeekAtLastError(void) { return last_error; }
const char *cudaGetErrorName(int code) { return code ? "cudaErrorFake" : "cudaSuccess"; }
const char *cudaGetErrorString(int code) {
    if (code == cudaErrorMemoryAllocation) return "out of memory of the rehearsed GPU";
    if (code == cudaErrorInvalidDevice) return "invalid device ordinal of the rehearsed machine";
    return code ? "not answered in a rehearsal" : "no error";
}

/* The driver API, as far as PyTorch asks for it. */

#define NOT_SUPPORTED 801

int cuInit(unsigned flags) { return OK; }
int cuDriverGetVersion(int *version) { return cudaDriverGetVersion(version); }
int cuDeviceGetCount(int *count) { return cudaGetDeviceCount(count); }
int cuDeviceGet(int *gpu, int index) { *gpu = index; return OK; }
int cuDeviceGetName(char *name, int length, int gpu) {
    snprintf(name, (size_t)length, "%s", gpu_name());
    return OK;
}
int cuDeviceTotalMem(size_t *bytes, int gpu) { *bytes = gpu_bytes(); return OK; }
int cuDeviceTotalMem_v2(size_t *bytes, int gpu) { return cuDeviceTotalMem(bytes, gpu); }
int cuDeviceGetAttribute(int *value, int attribute, int gpu) {
    return cudaDeviceGetAttribute(value, attribute, gpu);
}
int cuDevicePrimaryCtxGetState(int gpu, unsigned *flags, int *active) {
    *flags = 0;
    *active = 1;
    return OK;
}
int cuCtxGetCurrent(void **context) { *context = (void *)1; return OK; }
int cuGetErrorString(int code, const char **text) { *text = cudaGetErrorString(code); return OK; }
static int not_supported(void) { return NOT_SUPPORTED; }

/* The newest signature; older ones have fewer arguments, and nothing reads the later ones. */
static int entry(const char *name, void **function, int *found) {
    void *own = dlsym(RTLD_DEFAULT, name);
    *function = own ? own : (void *)not_supported;
    if (found) *found = 0;
    return OK;
}
int cudaGetDriverEntryPoint(const char *name, void **function, unsigned long flags, int *found) {
    return entry(name, function, found);
}
int cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version,
                                     unsigned long flags, int *found) {
    return entry(name, function, found);
}

/* NVML. */

int nvmlInit(void) { return OK; }
int nvmlInit_v2(void) { return OK; }
int nvmlInitWithFlags(unsigned flags) { return OK; }
int nvmlShutdown(void) { return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = (unsigned)gpus(); return OK; }
int nvmlDeviceGetCount(unsigned *count) { return nvmlDeviceGetCount_v2(count); }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    if (index >= (unsigned)gpus()) return 2; /* NVML_ERROR_INVALID_ARGUMENT */
    *handle = (void *)(uintptr_t)(index + 1);
    return OK;
}
int nvmlDeviceGetHandleByIndex(unsigned index, void **handle) {
    return nvmlDeviceGetHandleByIndex_v2(index, handle);
}
int nvmlDeviceGetUUID(void *handle, char *text, unsigned length) {
    unsigned byte = (unsigned)(uintptr_t)handle;
    snprintf(text, length, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,
             byte, byte);
    return OK;
}
int nvmlDeviceGetName(void *handle, char *text, unsigned length) {
    snprintf(text, length, "%s", gpu_name());
    return OK;
}
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) {
    *major = (int)given("FAKE_CUDA_MAJOR", 8);
    *minor = (int)given("FAKE_CUDA_MINOR", 0);
    return OK;
}
int nvmlDeviceGetMemoryInfo(void *handle, unsigned long long *total_free_used) {
    total_free_used[0] = total_free_used[1] = gpu_bytes();
    total_free_used[2] = 0;
    return OK;
}
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    snprintf(text, length, "%s", "0.0 (rehearsal)");
    return OK;
}
int nvmlSystemGetCudaDriverVersion(int *version) { return cudaDriverGetVersion(version); }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { return cudaDriverGetVersion(version); }
const char *nvmlErrorString(int code) { return code ? "not answered in a rehearsal" : "success"; }
