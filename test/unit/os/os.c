/* os/: every function of the door, against what the C library or the processor says. */
#include "os/os.h"

#include "support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Files */

static skep_status read_file(const char *path, size_t limit, char *out)
{
    struct mem mem;
    u8 *data = NULL;
    size_t size = 0;
    mem_init(&mem, NULL, 0);
    skep_status status = os_read_file(&mem, path, limit, &data, &size);
    assert_int_equal(mem.used, size);
    if (size)
        memcpy(out, data, size);
    out[size] = 0;
    mem_free(&mem, data, size);
    return status;
}

TEST(reads_a_file_whole_up_to_the_limit)
{
    char path[] = "/tmp/skep-os-XXXXXX", out[64];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    close(fd);
    assert_int_equal(read_file(path, 10, out), SKEP_OK);
    assert_string_equal(out, "0123456789");
    assert_int_equal(read_file(path, 9, out), SKEP_LIMIT);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(read_file(path, 9, out), SKEP_OK);
    assert_string_equal(out, "");
    unlink(path);
    assert_int_equal(read_file(path, 9, out), SKEP_NOT_FOUND);
    assert_int_equal(read_file("/", 9, out), SKEP_IO);
}

static void *write_pipe(void *path)
{
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 10000; i++)
        fprintf(f, "%05d\n", i);
    fclose(f);
    return NULL;
}

TEST(reads_a_pipe_to_its_end)
{
    char path[] = "/tmp/skep-os-XXXXXX";
    static char out[70000];
    assert_non_null(mkdtemp(path));
    char fifo[64];
    snprintf(fifo, sizeof(fifo), "%s/fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_pipe, fifo), 0);
    assert_int_equal(read_file(fifo, 60000, out), SKEP_OK);
    pthread_join(writer, NULL);
    assert_int_equal(strlen(out), 60000);
    assert_string_equal(out + 59994, "09999\n");
    unlink(fifo);
    rmdir(path);
}

TEST(a_device_without_end_stops_at_the_limit_and_at_the_account)
{
    struct mem mem;
    u8 *data = NULL;
    size_t size = 7;
    mem_init(&mem, NULL, 100000);
    assert_int_equal(os_read_file(&mem, "/dev/zero", 50000, &data, &size), SKEP_LIMIT);
    assert_int_equal(os_read_file(&mem, "/dev/zero", 5000000, &data, &size), SKEP_NOMEM);
    assert_null(data);
    assert_int_equal(size, 7);
    assert_int_equal(mem.used, 0);
}

/* Clocks and identities */

TEST(clocks_run_forward_and_agree_with_the_system)
{
    u64 a = os_clock_ns(OS_CLOCK_MONOTONIC);
    nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    u64 b = os_clock_ns(OS_CLOCK_MONOTONIC);
    assert_true(b - a >= 2000000);
    assert_true(os_clock_ns(OS_CLOCK_MONOTONIC_COARSE) <= os_clock_ns(OS_CLOCK_MONOTONIC));
    assert_true(os_clock_ns(OS_CLOCK_BOOTTIME) >= b);
    s64 now = (s64)(os_clock_ns(OS_CLOCK_REALTIME) / 1000000000);
    assert_true(llabs(now - (s64)time(NULL)) <= 1);
    s64 tai = (s64)(os_clock_ns(OS_CLOCK_TAI) / 1000000000);
    assert_true(tai - now >= -1 && tai - now < 100);
}

static void *thread_id_of(void *out)
{
    *(u32 *)out = os_thread_id();
    return NULL;
}

TEST(identities_are_those_of_the_process)
{
    u32 other = 0;
    pthread_t thread;
    assert_int_equal(os_process_id(), getpid());
    assert_int_equal(os_thread_id(), getpid());
    assert_int_equal(pthread_create(&thread, NULL, thread_id_of, &other), 0);
    pthread_join(thread, NULL);
    assert_int_not_equal(other, 0);
    assert_int_not_equal(other, os_thread_id());
    assert_int_equal(os_user_id(), getuid());
    assert_int_equal(os_group_id(), getgid());
    assert_true(os_cpu_count() >= 1);
}

TEST(the_threads_name_is_padded_with_zeros)
{
    char before[16], comm[OS_COMM_SIZE];
    pthread_getname_np(pthread_self(), before, sizeof(before));
    pthread_setname_np(pthread_self(), "bee");
    memset(comm, 'x', sizeof(comm));
    os_thread_comm(comm);
    assert_memory_equal(comm, "bee\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    pthread_setname_np(pthread_self(), before);
}

TEST(random_bytes_differ)
{
    u8 a[300] = { 0 }, b[300] = { 0 };
    assert_int_equal(os_random(a, sizeof(a)), SKEP_OK);
    assert_int_equal(os_random(b, sizeof(b)), SKEP_OK);
    assert_memory_not_equal(a, b, 100);
    assert_memory_not_equal(a + 200, b + 200, 100);
}

/* Memory */

/* How a child that runs `touch` ends: 0, or the signal that killed it. */
static int signal_of(void (*touch)(volatile u8 *), u8 *at)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        touch(at);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch_write(volatile u8 *at) { *at = 1; }
static void touch_read(volatile u8 *at) { (void)*at; }

TEST(reserved_pages_fault_until_committed)
{
    size_t page = os_page_size();
    u8 *pages = os_pages_reserve(1000 * page);
    assert_non_null(pages);
    assert_int_equal(signal_of(touch_read, pages), SIGSEGV);
    assert_true(os_pages_commit(pages, 2 * page));
    assert_int_equal(pages[0] + pages[2 * page - 1], 0);
    pages[2 * page - 1] = 1;
    assert_int_equal(signal_of(touch_write, pages + 2 * page), SIGSEGV);
    os_pages_free(pages, 1000 * page);
    assert_null(os_pages_reserve(0));
    assert_null(os_pages_reserve(SIZE_MAX));
    os_pages_free(NULL, 4096);
}

TEST(mirrored_pages_are_the_same_bytes_twice)
{
    size_t size = 4 * os_page_size();
    u8 *pages = os_pages_mirrored(size);
    assert_null(os_pages_mirrored(0));
    assert_null(os_pages_mirrored(SIZE_MAX / 2));
    if (!pages)
        skip();
    memset(pages + size - 3, 7, 6); /* over the end */
    assert_int_equal(pages[2], 7);
    assert_int_equal(pages[3], 0);
    assert_int_equal(pages[2 * size - 1], 7);
    os_pages_free(pages, 2 * size);
}

TEST(code_is_writable_or_executable_never_both)
{
    static const u8 return_42[] = {
#if defined(__x86_64__)
        0xb8,
        42,
        0,
        0,
        0,
        0xc3, /* mov eax, 42; ret */
#elif defined(__aarch64__)
        0x40,
        0x05,
        0x80,
        0x52,
        0xc0,
        0x03,
        0x5f,
        0xd6, /* mov w0, 42; ret */
#elif defined(__riscv)
        0x13,
        0x05,
        0xa0,
        0x02,
        0x67,
        0x80,
        0x00,
        0x00, /* li a0, 42; ret */
#endif
    };
    u8 *code = os_code_alloc(sizeof(return_42) + 1, NULL, 0);
    assert_non_null(code);
    memcpy(code, return_42, sizeof(return_42));
    assert_true(os_code_seal(code, sizeof(return_42)));
    int (*function)(void);
    memcpy(&function, &code, sizeof(code));
    if (sizeof(return_42))
        assert_int_equal(function(), 42);
    assert_int_equal(signal_of(touch_write, code), SIGSEGV);
    os_code_free(code, sizeof(return_42) + 1);
}

TEST(code_lies_near_a_neighbour_and_between_guards)
{
    static const u64 reaches[] = { 0x7fff0000, 0x7ff0000 };
    size_t page = os_page_size();
    for (u32 i = 0; i < 2; i++) {
        const u8 *neighbour = (const u8 *)(uintptr_t)&os_code_alloc;
        u8 *code = os_code_alloc(2 * page, neighbour, reaches[i]);
        assert_non_null(code);
        s64 distance = (s64)((u64)(uintptr_t)code - (u64)(uintptr_t)neighbour);
        assert_true(distance > -(s64)reaches[i] && distance < (s64)(reaches[i] - 2 * page));
        assert_int_equal(signal_of(touch_read, code - 1), SIGSEGV);
        assert_int_equal(signal_of(touch_read, code + 2 * page), SIGSEGV);
        assert_int_equal(signal_of(touch_write, code + 2 * page - 1), 0);
        os_code_free(code, 2 * page);
    }
    assert_null(os_code_alloc(4 * page, (const void *)(uintptr_t)&os_code_alloc, 2 * page));
}

TEST(safe_copy_reads_what_is_there_and_stops_where_nothing_is)
{
    size_t page = os_page_size();
    u8 *pages = os_pages_reserve(40 * page), *out = malloc(40 * page);
    assert_true(os_pages_commit(pages, 30 * page));
    for (size_t i = 0; i < 30 * page; i++)
        pages[i] = (u8)(i * 31 >> 3);
    u64 base = (u64)(uintptr_t)pages;
    assert_int_equal(os_safe_copy(out, base + 5, 100), 100);
    assert_memory_equal(out, pages + 5, 100);
    assert_int_equal(os_safe_copy(out, base + 5, 40 * page), 30 * page - 5);
    assert_memory_equal(out, pages + 5, 30 * page - 5);
    assert_int_equal(os_safe_copy(out, base + 30 * page, 1), 0);
    assert_int_equal(os_safe_copy(out, 0, 8), 0);
    assert_int_equal(os_safe_copy(out, 0xdead000000000000, 8), 0);
    assert_int_equal(os_safe_copy(out, UINT64_MAX - 3, 8), 0);
    assert_int_equal(os_safe_copy(out, base, 0), 0);
    os_pages_free(pages, 40 * page);
    free(out);
}

/* Threads */

/* Each side stores its own flag and then loads the other's; both must not miss (Dekker). */
struct dekker {
    _Atomic u32 light, heavy, turn;
    u32 light_saw;
    enum os_barrier kind;
};

static void await_turn(struct dekker *d, u32 turn)
{
    for (u32 seen; (seen = atomic_load(&d->turn)) != turn;)
        os_wait(&d->turn, seen, OS_NO_TIMEOUT);
}

static void take_turn(struct dekker *d)
{
    atomic_fetch_add(&d->turn, 1);
    os_wake_all(&d->turn);
}

enum { DEKKER_ROUNDS = 2000 };

static void *dekker_light(void *arg)
{
    struct dekker *d = arg;
    for (u32 i = 0; i < DEKKER_ROUNDS; i++) {
        await_turn(d, 2 * i + 1);
        atomic_store_explicit(&d->light, 1, memory_order_relaxed);
        os_barrier_light(d->kind);
        d->light_saw = atomic_load_explicit(&d->heavy, memory_order_relaxed);
        take_turn(d);
    }
    return NULL;
}

static void check_dekker(enum os_barrier kind)
{
    struct dekker d = { .kind = kind };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, dekker_light, &d), 0);
    for (u32 i = 0; i < DEKKER_ROUNDS; i++) {
        atomic_store(&d.light, 0);
        atomic_store(&d.heavy, 0);
        take_turn(&d);
        atomic_store_explicit(&d.heavy, 1, memory_order_relaxed);
        os_barrier_heavy(kind);
        u32 heavy_saw = atomic_load_explicit(&d.light, memory_order_relaxed);
        await_turn(&d, 2 * i + 2);
        assert_true(heavy_saw || d.light_saw);
    }
    pthread_join(thread, NULL);
}

TEST(of_two_barriers_one_side_sees_the_other)
{
    check_dekker(OS_BARRIER_FENCES);
    check_dekker(os_barrier_init());
}

TEST(waiting_ends_by_time_by_change_and_by_waking)
{
    _Atomic u32 word = 1;
    u64 start = os_clock_ns(OS_CLOCK_MONOTONIC);
    assert_false(os_wait(&word, 1, 3000000));
    assert_true(os_clock_ns(OS_CLOCK_MONOTONIC) - start >= 3000000);
    assert_true(os_wait(&word, 2, OS_NO_TIMEOUT));
}

struct counter {
    struct os_lock lock;
    u64 count;
};

static void *count_up(void *arg)
{
    struct counter *c = arg;
    for (int i = 0; i < 20000; i++) {
        os_lock(&c->lock);
        c->count++;
        os_unlock(&c->lock);
    }
    return NULL;
}

TEST(a_lock_admits_one_thread)
{
    struct counter c = { .count = 0 };
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &c), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.count, 80000);
    assert_int_equal(c.lock.state, 0);
}

UNIT_TESTS(UNIT(reads_a_file_whole_up_to_the_limit), UNIT(reads_a_pipe_to_its_end),
           UNIT(a_device_without_end_stops_at_the_limit_and_at_the_account),
           UNIT(clocks_run_forward_and_agree_with_the_system),
           UNIT(identities_are_those_of_the_process), UNIT(the_threads_name_is_padded_with_zeros),
           UNIT(random_bytes_differ), UNIT(reserved_pages_fault_until_committed),
           UNIT(mirrored_pages_are_the_same_bytes_twice),
           UNIT(code_is_writable_or_executable_never_both),
           UNIT(code_lies_near_a_neighbour_and_between_guards),
           UNIT(safe_copy_reads_what_is_there_and_stops_where_nothing_is),
           UNIT(of_two_barriers_one_side_sees_the_other),
           UNIT(waiting_ends_by_time_by_change_and_by_waking), UNIT(a_lock_admits_one_thread))
