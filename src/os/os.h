/* The door of os/: everything that Skep asks of the system it runs on.  One whole file per system
 * implements all of it (linux.c); nothing else in the library calls the system.
 *
 * Thread safety: every function may be called from any thread. */
#ifndef SKEP_SRC_OS_OS_H
#define SKEP_SRC_OS_OS_H

#include "base/mem.h"

#include <stdatomic.h>

/* Files */

/* Reads a file, pipe or device to its end.  The block belongs to the caller: mem_free(mem, *data,
 * *size); an empty file gives NULL and 0.  SKEP_LIMIT when it is longer than limit, SKEP_NOT_FOUND,
 * SKEP_NOMEM, or SKEP_IO with errno set. */
skep_status os_read_file(struct mem *mem, const char *path, size_t limit, u8 **data, size_t *size);

/* Clocks, in nanoseconds */

enum os_clock {
    OS_CLOCK_MONOTONIC, /* stands still while the machine sleeps */
    OS_CLOCK_MONOTONIC_COARSE,
    OS_CLOCK_BOOTTIME, /* does not */
    OS_CLOCK_REALTIME, /* since 1970, UTC */
    OS_CLOCK_TAI,      /* since 1970, without leap seconds */
};
u64 os_clock_ns(enum os_clock clock);

/* What is running */

u32 os_cpu_count(void);    /* configured, whether online or not; at least 1 */
u32 os_cpu_here(void);     /* the one that runs the caller, or just did; 0 if that is not known */
bool os_cpu_has_lse(void); /* arm64: atomic operations on memory in one instruction */
u32 os_process_id(void);
u32 os_thread_id(void);
u32 os_user_id(void);
u32 os_group_id(void);

enum { OS_COMM_SIZE = 16 };
/* The name of the calling thread, padded with zeros; always ends in one. */
void os_thread_comm(char name[OS_COMM_SIZE]);

/* Bytes that nobody can guess.  SKEP_IO when the system has none. */
skep_status os_random(void *bytes, size_t size);

/* Pages: address space first, memory when it is committed.  Sizes are rounded up to whole pages.
 * Committed pages are zero and may be read and written; touching others faults. */

size_t os_page_size(void);
void *os_pages_reserve(size_t size); /* NULL when there is no room */
bool os_pages_commit(void *pages, size_t size);
void os_pages_free(void *pages, size_t size);
/* Committed pages that appear a second time right behind themselves: size bytes of memory at 2 *
 * size addresses.  size is a whole number of pages.  NULL: no room, or the system cannot. */
void *os_pages_mirrored(size_t size);

/* Code: written first, executable after the seal, never both.  A page that nobody may touch lies on
 * either side.  With a neighbour all of it lies within `reach` bytes of that, at a place drawn at
 * random. */

void *os_code_alloc(size_t size, const void *neighbour, u64 reach); /* NULL: there is no room */
bool os_code_seal(void *code, size_t size);
void os_code_free(void *code, size_t size);
/* Tells perf(1) of code, in the file that it looks for: a line in /tmp/perf-PID.map. */
bool os_perf_map_add(const void *code, size_t size, const char *name);

/* Barriers in which one side pays.  A frequent reader calls os_barrier_light between its store and
 * its load, a rare writer os_barrier_heavy between its own; of the two loads at least one then sees
 * the other side's store.  Where the system cannot interrupt the other threads, both sides pay with
 * a full fence, so the two sides must agree on the kind. */

enum os_barrier { OS_BARRIER_FENCES, OS_BARRIER_MEMBARRIER };
enum os_barrier os_barrier_init(void); /* once per process and user; more do no harm */
void os_barrier_heavy(enum os_barrier kind);
static inline void os_barrier_light(enum os_barrier kind)
{
    if (LIKELY(kind == OS_BARRIER_MEMBARRIER))
        atomic_signal_fence(memory_order_seq_cst);
    else
        atomic_thread_fence(memory_order_seq_cst);
}

/* Waiting */

#define OS_NO_TIMEOUT UINT64_MAX
/* Sleeps while *word == seen.  May return early; the caller looks again.  False: the time is up. */
bool os_wait(const _Atomic u32 *word, u32 seen, u64 timeout_ns);
void os_wake_all(const _Atomic u32 *word);
void os_wake_one(const _Atomic u32 *word);

/* A lock that sleeps.  Zero is an unlocked one; it needs no destruction. */
struct os_lock {
    _Atomic u32 state; /* 0 free, 1 held, 2 held and somebody sleeps */
};
void os_lock(struct os_lock *lock);
void os_unlock(struct os_lock *lock);

/* Reads memory that may not be there: copies up to size bytes from an address of this process and
 * returns how many, from the front, could be read.  Never faults. */
size_t os_safe_copy(void *to, u64 address, size_t size);

#endif
