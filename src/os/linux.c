/* os/ on Linux.  References are the manual pages of section 2; where a call is younger than the
 * kernels of 2016, or often denied by a sandbox, there is a second way. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "os/os.h"

#if !defined(__linux__)
#error "os/ has no file for this system yet"
#endif

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Files */

/* A growing block that a file is read into. */
struct os_input {
    struct mem *mem;
    u8 *data;
    size_t size, cap;
};

static bool os_input_resize(struct os_input *in, size_t cap)
{
    u8 *moved = mem_resize(in->mem, in->data, in->cap, cap);
    if (!moved && cap != 0)
        return false;
    in->data = moved;
    in->cap = cap;
    return true;
}

/* The size is only a hint: a file may grow, and pipes and /proc say 0. */
static size_t os_file_size_hint(int fd)
{
    struct stat st;
    bool known = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
    return known ? (size_t)st.st_size : 0;
}

static ssize_t os_read_retrying(int fd, void *to, size_t size)
{
    ssize_t n;
    do
        n = read(fd, to, size);
    while (n < 0 && errno == EINTR);
    return n;
}

/* One byte past the limit is read, to know that there is one. */
static skep_status os_read_to_end(int fd, size_t limit, struct os_input *in)
{
    u64 wanted = (u64)os_file_size_hint(fd) + 1;
    if (wanted - 1 > limit)
        return SKEP_LIMIT;
    for (;;) {
        if (in->size == in->cap && !os_input_resize(in, (size_t)max_u64(wanted, 4096)))
            return SKEP_NOMEM;
        ssize_t n = os_read_retrying(fd, in->data + in->size, in->cap - in->size);
        if (n < 0)
            return SKEP_IO;
        if (n == 0)
            return os_input_resize(in, in->size) ? SKEP_OK : SKEP_NOMEM;
        in->size += (size_t)n;
        if (in->size > limit)
            return SKEP_LIMIT;
        wanted = 2 * (u64)in->cap;
    }
}

skep_status os_read_file(struct mem *mem, const char *path, size_t limit, u8 **data, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? SKEP_NOT_FOUND : SKEP_IO;
    struct os_input in = { .mem = mem };
    skep_status status = os_read_to_end(fd, limit, &in);
    int saved = errno;
    close(fd);
    errno = saved;
    if (status != SKEP_OK) {
        mem_free(mem, in.data, in.cap);
        return status;
    }
    *data = in.data;
    *size = in.size;
    return SKEP_OK;
}

/* Clocks */

u64 os_clock_ns(enum os_clock clock)
{
    static const clockid_t ids[] = {
        [OS_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
        [OS_CLOCK_MONOTONIC_COARSE] = CLOCK_MONOTONIC_COARSE,
        [OS_CLOCK_BOOTTIME] = CLOCK_BOOTTIME,
        [OS_CLOCK_REALTIME] = CLOCK_REALTIME,
        [OS_CLOCK_TAI] = CLOCK_TAI,
    };
    struct timespec ts = { 0 };
    clock_gettime(ids[clock], &ts);
    return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* What is running */

u32 os_cpu_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_CONF);
    return n > 0 ? (u32)n : 1;
}

u32 os_cpu_here(void)
{
    int cpu = sched_getcpu();
    return cpu > 0 ? (u32)cpu : 0;
}

bool os_cpu_has_lse(void)
{
#if defined(__aarch64__)
    return (getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0;
#else
    return false;
#endif
}

u32 os_process_id(void) { return (u32)getpid(); }
u32 os_thread_id(void) { return (u32)syscall(SYS_gettid); }
u32 os_user_id(void) { return getuid(); }
u32 os_group_id(void) { return getgid(); }

void os_thread_comm(char name[OS_COMM_SIZE])
{
    memset(name, 0, OS_COMM_SIZE);
    prctl(PR_GET_NAME, name);
    name[OS_COMM_SIZE - 1] = 0;
}

skep_status os_random(void *bytes, size_t size)
{
    u8 *to = bytes;
    while (size > 0) {
        ssize_t n = getrandom(to, size, 0);
        if (n < 0 && errno != EINTR)
            return SKEP_IO;
        if (n > 0) {
            to += n;
            size -= (size_t)n;
        }
    }
    return SKEP_OK;
}

/* Pages */

size_t os_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static size_t os_whole_pages(size_t size) { return (size_t)round_up_u64(size, os_page_size()); }

static void *os_map(size_t size, int protection, int flags)
{
    if (size == 0 || size > SIZE_MAX / 2)
        return NULL;
    void *pages =
        mmap(NULL, os_whole_pages(size), protection, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static void os_unmap(void *pages, size_t size)
{
    if (pages)
        munmap(pages, os_whole_pages(size));
}

void *os_pages_reserve(size_t size) { return os_map(size, PROT_NONE, MAP_NORESERVE); }

bool os_pages_commit(void *pages, size_t size)
{
    return mprotect(pages, os_whole_pages(size), PROT_READ | PROT_WRITE) == 0;
}

void os_pages_free(void *pages, size_t size) { os_unmap(pages, size); }

/* mremap of 0 bytes of a shared mapping makes another one of the same pages (mremap(2)). */
void *os_pages_mirrored(size_t size)
{
    u8 *room = size <= SIZE_MAX / 4 ? os_map(2 * size, PROT_NONE, MAP_NORESERVE) : NULL;
    if (!room)
        return NULL;
    void *first =
        mmap(room, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    void *second = first == room ? mremap(room, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, room + size)
                                 : MAP_FAILED;
    if (second == room + size)
        return room;
    os_unmap(room, 2 * size);
    return NULL;
}

/* Code */

#ifndef MAP_FIXED_NOREPLACE /* Linux 4.17; older ones take the address as a wish */
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static bool os_reaches(u64 from, u64 size, u64 to, u64 reach)
{
    u64 distance = from < to ? to - from : from + size - to;
    return distance <= reach;
}

/* A place below the neighbour, where nothing grows; above it in the lowest memory. */
static u64 os_place_near(u64 neighbour, u64 size, u64 reach)
{
    u64 random = 0, usable = reach / 16 * 15;
    if (size >= usable || os_random(&random, sizeof(random)) != SKEP_OK)
        return 0;
    u64 distance = size + random % (usable - size);
    u64 at = neighbour > reach ? neighbour - distance : neighbour + reach / 16 + distance - size;
    return at / os_page_size() * os_page_size();
}

static void *os_reserve_near(size_t size, u64 neighbour, u64 reach)
{
    enum { OS_TRIES = 32 };
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    for (int i = 0; i < OS_TRIES; i++) {
        u64 at = os_place_near(neighbour, size, reach);
        void *pages = at ? mmap((void *)(uintptr_t)at, size, PROT_NONE, flags, -1, 0) : MAP_FAILED;
        if (pages == MAP_FAILED)
            continue;
        if (os_reaches((u64)(uintptr_t)pages, size, neighbour, reach))
            return pages;
        munmap(pages, size);
    }
    return NULL;
}

void *os_code_alloc(size_t size, const void *neighbour, u64 reach)
{
    size_t page = os_page_size();
    if (size == 0 || size > SIZE_MAX / 2)
        return NULL;
    size_t whole = os_whole_pages(size) + 2 * page;
    u8 *pages = neighbour ? os_reserve_near(whole, (u64)(uintptr_t)neighbour, reach)
                          : os_pages_reserve(whole);
    if (!pages)
        return NULL;
    if (os_pages_commit(pages + page, size))
        return pages + page;
    os_unmap(pages, whole);
    return NULL;
}

bool os_code_seal(void *code, size_t size)
{
    if (mprotect(code, os_whole_pages(size), PROT_READ | PROT_EXEC) != 0)
        return false;
    __builtin___clear_cache((char *)code, (char *)code + size);
    return true;
}

void os_code_free(void *code, size_t size)
{
    if (code)
        os_unmap((u8 *)code - os_page_size(), os_whole_pages(size) + 2 * os_page_size());
}

/* Nobody may have put something else there: no links are followed. */
bool os_perf_map_add(const void *code, size_t size, const char *name)
{
    char path[32], line[512];
    snprintf(path, sizeof(path), "/tmp/perf-%u.map", os_process_id());
    int n = snprintf(line, sizeof(line), "%" PRIxPTR " %zx %s\n", (uintptr_t)code, size, name);
    if (n < 0 || (size_t)n >= sizeof(line))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool written = write(fd, line, (size_t)n) == n;
    close(fd);
    return written;
}

/* Barriers */

static long os_membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

enum os_barrier os_barrier_init(void)
{
    bool registered = os_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
    return registered ? OS_BARRIER_MEMBARRIER : OS_BARRIER_FENCES;
}

void os_barrier_heavy(enum os_barrier kind)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (kind == OS_BARRIER_MEMBARRIER) {
        long result = os_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        assert(result == 0);
        (void)result;
    }
    atomic_thread_fence(memory_order_seq_cst);
}

/* Waiting */

static long os_futex(const _Atomic u32 *word, int operation, u32 value, const struct timespec *time)
{
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, time, NULL, 0);
}

bool os_wait(const _Atomic u32 *word, u32 seen, u64 timeout_ns)
{
    struct timespec time = { .tv_sec = (time_t)(timeout_ns / 1000000000),
                             .tv_nsec = (long)(timeout_ns % 1000000000) };
    bool forever = timeout_ns == OS_NO_TIMEOUT;
    return os_futex(word, FUTEX_WAIT, seen, forever ? NULL : &time) == 0 || errno != ETIMEDOUT;
}

void os_wake_all(const _Atomic u32 *word) { os_futex(word, FUTEX_WAKE, INT_MAX, NULL); }

void os_wake_one(const _Atomic u32 *word) { os_futex(word, FUTEX_WAKE, 1, NULL); }

/* Whoever had to sleep leaves the state at 2, since it cannot know whether others sleep too. */
void os_lock(struct os_lock *lock)
{
    u32 expected = 0;
    if (atomic_compare_exchange_strong_explicit(&lock->state, &expected, 1, memory_order_acquire,
                                                memory_order_relaxed))
        return;
    while (atomic_exchange_explicit(&lock->state, 2, memory_order_acquire) != 0)
        os_wait(&lock->state, 2, OS_NO_TIMEOUT);
}

void os_unlock(struct os_lock *lock)
{
    u32 before = atomic_exchange_explicit(&lock->state, 0, memory_order_release);
    assert(before != 0);
    if (before == 2)
        os_wake_one(&lock->state);
}

/* Memory that may not be there */

enum { OS_COPY_PIECES = 16 };

/* Lists [address, address + size) as at most OS_COPY_PIECES pieces that cross no page: the kernel
 * promises partial reads only between pieces, never inside one. */
static size_t os_page_pieces(struct iovec *pieces, u64 address, size_t size, u64 page)
{
    size_t n = 0;
    for (; size > 0 && n < OS_COPY_PIECES; n++) {
        size_t length = (size_t)min_u64(size, page - address % page);
        pieces[n] = (struct iovec){ .iov_base = (void *)(uintptr_t)address, .iov_len = length };
        address += length;
        size -= length;
    }
    return n;
}

static ssize_t os_copy_by_vm_readv(void *to, u64 address, size_t size)
{
    struct iovec pieces[OS_COPY_PIECES], whole = { .iov_base = to, .iov_len = size };
    size_t n = os_page_pieces(pieces, address, size, os_page_size());
    return process_vm_readv(getpid(), &whole, 1, pieces, n, 0);
}

/* For sandboxes that deny process_vm_readv. */
static ssize_t os_copy_by_proc_mem(void *to, u64 address, size_t size)
{
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    u64 page = os_page_size();
    ssize_t n = address <= INT64_MAX
                    ? pread(fd, to, (size_t)min_u64(size, page - address % page), (off_t)address)
                    : -1;
    close(fd);
    return n;
}

size_t os_safe_copy(void *to, u64 address, size_t size)
{
    int saved = errno;
    size_t copied = 0;
    size = (size_t)min_u64(size, UINT64_MAX - address); /* nothing lies at the very last byte */
    while (copied < size) {
        void *at = (u8 *)to + copied;
        ssize_t n = os_copy_by_vm_readv(at, address + copied, size - copied);
        if (n < 0 && (errno == ENOSYS || errno == EPERM))
            n = os_copy_by_proc_mem(at, address + copied, size - copied);
        if (n <= 0)
            break;
        copied += (size_t)n;
    }
    errno = saved;
    return copied;
}

#undef MAP_FIXED_NOREPLACE
