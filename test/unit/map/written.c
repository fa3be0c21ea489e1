/* No operation writes to more than 64 KB of a map, however large the map is: nothing is rehashed,
 * moved or cleared as a whole.
 *
 * Seen by the processor's page protection.  The linker puts wrappers (__wrap_…) around the calls
 * that commit and free a map's pages.  While operations are watched those pages are read-only; a
 * store raises SIGSEGV, whose handler notes the page and lets the store happen.  So every page that
 * an operation writes to is counted, whole, and none is missed.
 *
 * Usage: unit_map_written [entries [type]]; of many operations some are watched. */
#include "map/region.h"
#include "support/maps.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    BOUND = 65536,
    ENTRIES = 1 << 13,
    WINDOW = 64,  /* operations that are watched without a pause */
    WINDOWS = 16, /* in each phase */
    RANGES_MAX = 256,
    PAGES_MAX = 4096,
};

static u32 entries = ENTRIES;
static const char *only; /* NULL: all */

/* ---- the pages of maps ---- */

static struct {
    struct range {
        u8 *from, *to;
    } ranges[RANGES_MAX];
    u32 n_ranges;
    bool watching;
    u8 *pages[PAGES_MAX]; /* that the operation wrote to */
    u32 n_pages;
    size_t page_bytes;
} seen;

bool __real_os_pages_commit(void *pages, size_t size);
void __real_os_pages_free(void *pages, size_t size);
bool __wrap_os_pages_commit(void *pages, size_t size);
void __wrap_os_pages_free(void *pages, size_t size);

/* What is committed behind what is there already makes that longer. */
static void add_range(u8 *from, u8 *to)
{
    for (u32 i = 0; i < seen.n_ranges; i++)
        if (seen.ranges[i].to == from) {
            seen.ranges[i].to = to;
            return;
        }
    assert_true(seen.n_ranges < RANGES_MAX);
    seen.ranges[seen.n_ranges++] = (struct range){ from, to };
}

bool __wrap_os_pages_commit(void *pages, size_t size)
{
    if (!__real_os_pages_commit(pages, size))
        return false;
    size = (size + seen.page_bytes - 1) & ~(seen.page_bytes - 1);
    add_range(pages, (u8 *)pages + size);
    return !seen.watching || mprotect(pages, size, PROT_READ) == 0;
}

void __wrap_os_pages_free(void *pages, size_t size)
{
    u8 *from = pages, *to = from + size;
    for (u32 i = 0; i < seen.n_ranges;)
        if (seen.ranges[i].from >= from && seen.ranges[i].from < to)
            seen.ranges[i] = seen.ranges[--seen.n_ranges];
        else
            i++;
    __real_os_pages_free(pages, size);
}

static bool is_of_a_map(const u8 *page)
{
    for (u32 i = 0; i < seen.n_ranges; i++)
        if (page >= seen.ranges[i].from && page < seen.ranges[i].to)
            return true;
    return false;
}

static void on_store(int signal, siginfo_t *info, void *context)
{
    u8 *page = (u8 *)((uintptr_t)info->si_addr & ~(seen.page_bytes - 1));
    (void)signal, (void)context;
    if (!is_of_a_map(page) || seen.n_pages == PAGES_MAX ||
        mprotect(page, seen.page_bytes, PROT_READ | PROT_WRITE) != 0)
        _exit(3); /* a crash of another kind */
    seen.pages[seen.n_pages++] = page;
}

static void watch(bool on)
{
    seen.watching = on;
    seen.n_pages = 0;
    for (u32 i = 0; i < seen.n_ranges; i++) {
        const struct range *r = &seen.ranges[i];
        assert_int_equal(
            mprotect(r->from, (size_t)(r->to - r->from), on ? PROT_READ : PROT_READ | PROT_WRITE),
            0);
    }
}

/* What has been written to since watching began or this was asked. */
static u64 written_bytes(void)
{
    u64 bytes = seen.n_pages * (u64)seen.page_bytes;
    for (u32 i = 0; i < seen.n_pages; i++)
        assert_int_equal(mprotect(seen.pages[i], seen.page_bytes, PROT_READ), 0);
    seen.n_pages = 0;
    return bytes;
}

/* In each test: cmocka has handlers of its own. */
static void watch_setup(struct maps_fixture *f)
{
    struct sigaction action = { .sa_sigaction = on_store, .sa_flags = SA_SIGINFO };
    seen.page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    maps_setup(f);
}

/* ---- operations ---- */

struct held {
    struct skep_map *inner;
    struct rt_program program;
};

static void make_key(const struct skep_map *map, u32 i, u8 key[64])
{
    maps_key(map, i, key);
    if (map->type->id == 11) { /* prefixes of every length: short ones cover most */
        u32 length = i % 33;
        memcpy(key, &length, sizeof(length));
    }
}

typedef void operation(struct skep_map *map, u32 i, struct held *held);

static void do_put(struct skep_map *map, u32 i, struct held *held)
{
    const struct skep_map_type *type = map->type;
    u64 value[MAPS_CPUS * 8] = { i + 1 };
    u8 key[64];
    make_key(map, i, key);
    if (type->traits & SKEP_MAP_HOLDS_MAPS)
        type->set_held(map, key, held->inner, 0);
    else if (type->traits & SKEP_MAP_HOLDS_PROGRAMS)
        type->set_held(map, key, &held->program, 0);
    else if (type->update)
        type->update(map, key, value, 0, SKEP_ALL_CPUS);
    if (type->push)
        type->push(map, value, 0);
    if (type->keep_stack)
        type->keep_stack(map, value, 8, 0);
    if (type->reserve) {
        void *record = type->reserve(map, 64, 0);
        if (record)
            type->commit(map, record, false, 0);
    }
}

static void do_find(struct skep_map *map, u32 i, struct held *held)
{
    u64 value[MAPS_CPUS * 8];
    u8 key[64];
    (void)held;
    make_key(map, i, key);
    if (map->type->lookup)
        map->type->lookup(map, key, 0);
    if (map->type->peek)
        map->type->peek(map, value);
}

static void do_next(struct skep_map *map, u32 i, struct held *held)
{
    u8 key[64], next[64];
    (void)held;
    make_key(map, i, key);
    if (map->type->next_key)
        map->type->next_key(map, key, next);
}

static int receive_one(void *user, const void *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return 1;
}

static void do_take(struct skep_map *map, u32 i, struct held *held)
{
    u64 value[MAPS_CPUS * 8];
    u8 key[64];
    (void)held;
    make_key(map, i, key);
    if (map->type->remove)
        map->type->remove(map, key);
    if (map->type->pop)
        map->type->pop(map, value);
    if (map->type->drain)
        map->type->drain(map, receive_one, NULL);
}

/* Twice as many as there is room for: what evicts evicts, what refuses refuses. */
static const struct phase {
    const char *name;
    operation *run;
    u32 times;
} phases[] = { { "put", do_put, 2 },     { "find", do_find, 1 }, { "next", do_next, 1 },
               { "replace", do_put, 1 }, { "take", do_take, 1 }, { "put again", do_put, 1 } };

static u64 most_written(struct skep_map *map, const struct phase *phase, struct held *held)
{
    u32 n = entries * phase->times, period = max_u32(n / WINDOWS, WINDOW);
    u64 most = 0;
    for (u32 i = 0; i < n; i++) {
        if (i % period == 0)
            watch(true);
        phase->run(map, i, held);
        if (i % period < WINDOW)
            most = max_u64(most, written_bytes());
        if (i % period == WINDOW - 1)
            watch(false);
    }
    watch(false);
    return most;
}

static void watch_type(const struct skep_map_type *type)
{
    struct maps_fixture f;
    struct held held = { .program = { .references = 1 } };
    u64 most = 0;
    watch_setup(&f);
    struct skep_map_spec spec = maps_spec(type, entries);
    if (spec.max_entries == 4096)
        spec.max_entries = 1 << 20; /* bytes of a ring */
    held.inner = maps_make(&f, &map_array, &maps_inner_spec);
    struct skep_map *map = maps_make(&f, type, &spec);
    for (u32 i = 0; i < ARRAY_LEN(phases); i++) {
        u64 bytes = most_written(map, &phases[i], &held);
        if (bytes > BOUND)
            fail_msg("%s, %s: %llu bytes", type->name, phases[i].name, (unsigned long long)bytes);
        most = max_u64(most, bytes);
    }
    print_message("%-18s at most %3llu KB\n", type->name, (unsigned long long)most / 1024);
    map_put_user(map);
    map_put_user(held.inner);
    maps_teardown(&f);
}

TEST(no_operation_writes_to_more_than_64_KB)
{
    for (u32 i = 0; i < n_map_types; i++)
        if (!only || strcmp(map_types[i]->name, only) == 0)
            watch_type(map_types[i]);
}

/* The counter counts: each page once, and what is committed meanwhile. */
TEST(every_page_that_is_written_to_is_counted)
{
    struct maps_fixture f;
    struct region region = { 0 };
    watch_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_array, 1);
    struct skep_map *map = maps_make(&f, &map_array, &spec);
    assert_int_equal(region_reserve(&region, 1 << 20), 0);
    assert_true(region_commit(map, &region, 1 << 18));
    watch(true);
    assert_int_equal(written_bytes(), 0);
    region.base[0] = region.base[1] = 1;
    assert_int_equal(written_bytes(), seen.page_bytes);
    memset(region.base, 2, BOUND + 1);
    assert_int_equal(written_bytes(), BOUND + seen.page_bytes);
    assert_true(region_commit(map, &region, 1 << 19));
    region.base[1 << 18] = 3;
    assert_int_equal(written_bytes(), seen.page_bytes);
    watch(false);
    region_free(map, &region);
    map_put_user(map);
    maps_teardown(&f);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { UNIT(every_page_that_is_written_to_is_counted),
                                               UNIT(no_operation_writes_to_more_than_64_KB) };
    if (argc > 1)
        entries = (u32)strtoul(argv[1], NULL, 0);
    if (argc > 2)
        only = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
