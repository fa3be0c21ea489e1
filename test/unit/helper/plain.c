/* Known answers of the helpers that need no packet. */
#include "unit/helper/helpers.h"

/* Maps */

TEST(elements_come_and_go)
{
    begin("syscall");
    struct skep_map *map = new_map("hash", 4, 8, 2);
    u32 key[3] = { 1, 2, 3 };
    u64 value = 77, *found;
    assert_int_equal(CALL(&helper_map_lookup_elem, AT(map), AT(key)), 0);
    assert_int_equal(CALL(&helper_map_update_elem, AT(map), AT(key), AT(&value), 2), -ENOENT);
    assert_int_equal(CALL(&helper_map_update_elem, AT(map), AT(key), AT(&value), 0), 0);
    assert_int_equal(CALL(&helper_map_update_elem, AT(map), AT(key), AT(&value), 1), -EEXIST);
    assert_int_equal(CALL(&helper_map_update_elem, AT(map), AT(key + 1), AT(&value), 0), 0);
    assert_int_equal(CALL(&helper_map_update_elem, AT(map), AT(key + 2), AT(&value), 0), -E2BIG);
    found = (u64 *)AT(CALL(&helper_map_lookup_elem, AT(map), AT(key)));
    assert_true(*found == 77);
    assert_int_equal(CALL(&helper_map_delete_elem, AT(map), AT(key)), 0);
    assert_int_equal(CALL(&helper_map_delete_elem, AT(map), AT(key)), -ENOENT);
    map->spec.flags |= MAP_F_RDONLY_PROG;
    assert_int_equal(CALL(&helper_map_update_elem, AT(map), AT(key), AT(&value), 0), -EPERM);
    assert_int_equal(CALL(&helper_map_delete_elem, AT(map), AT(key + 1)), -EPERM);
    map_put_user(map);
    end();
}

TEST(per_cpu_values_are_the_slots_own)
{
    begin("syscall");
    struct skep_map *map = new_map("percpu_array", 4, 8, 1);
    u32 key = 0;
    u64 *own = (u64 *)AT(CALL(&helper_map_lookup_elem, AT(map), AT(&key)));
    *own = 5;
    for (u32 cpu = 0; cpu < 4; cpu++) {
        u64 *value = (u64 *)AT(CALL(&helper_map_lookup_percpu_elem, AT(map), AT(&key), cpu));
        assert_true((value == own) == (cpu == 1));
        assert_true(*value == (cpu == 1 ? 5 : 0));
    }
    assert_int_equal(CALL(&helper_map_lookup_percpu_elem, AT(map), AT(&key), 4), 0);
    map_put_user(map);
    end();
}

static u64 visits, visited_keys, stop_at;

static skep_status visit(struct skep_thread *t, u64 token, const u64 args[5], u64 *r0)
{
    assert_ptr_equal(t, &thread);
    assert_int_equal(token, 9);
    assert_int_equal(args[3], 55);
    u32 key;
    memcpy(&key, (void *)AT(args[1]), sizeof(key));
    visited_keys += key;
    visits++;
    *r0 = visits == stop_at;
    return visits == 7 ? SKEP_FUEL : SKEP_OK;
}

TEST(a_walk_visits_all_until_it_is_stopped)
{
    begin("syscall");
    struct skep_map *map = new_map("array", 4, 8, 10);
    thread.call_back = visit;
    assert_int_equal(CALL(&helper_for_each_map_elem, AT(map), 9, 55, 1), -EINVAL);
    visits = visited_keys = 0, stop_at = 3;
    assert_int_equal(CALL(&helper_for_each_map_elem, AT(map), 9, 55, 0), 3);
    assert_int_equal(visited_keys, 0 + 1 + 2);
    visits = 0, stop_at = 100;
    CALL(&helper_for_each_map_elem, AT(map), 9, 55, 0);
    assert_int_equal(visits, 7);
    assert_int_equal(thread.stop, SKEP_FUEL);
    thread.stop = SKEP_OK, visits = 10;
    assert_int_equal(CALL(&helper_for_each_map_elem, AT(map), 9, 55, 0), 10);
    map_put_user(map);
    end();
}

/* An application's map type may have longer keys than Linux's. */
static int next_of_three(skep_map *map, uint64_t *position, void *key, void **value, uint32_t cpu)
{
    assert_int_equal(cpu, 1);
    memset(key, 0, map->spec.key_size);
    u32 first = (u32)++ * position;
    memcpy(key, &first, sizeof(first));
    *value = map;
    return first <= 3 ? 0 : -ENOENT;
}

TEST(a_walk_takes_keys_of_any_size)
{
    static const struct skep_map_type type = { .next_element = next_of_three };
    struct skep_map map = { .type = &type, .spec = { .key_size = 100000 } };
    begin("syscall");
    thread.call_back = visit;
    visits = visited_keys = 0, stop_at = 100;
    assert_int_equal(CALL(&helper_for_each_map_elem, AT(&map), 9, 55, 0), 3);
    assert_int_equal(visited_keys, 6);
    end();
}

/* Loops */

static skep_status count_up(struct skep_thread *t, u64 token, const u64 args[5], u64 *r0)
{
    (void)t, (void)token;
    assert_int_equal(args[0], visits);
    *r0 = ++visits == stop_at;
    return SKEP_OK;
}

TEST(a_loop_counts_its_rounds)
{
    begin("syscall");
    thread.call_back = count_up;
    visits = 0, stop_at = 1000;
    assert_int_equal(CALL(&helper_loop, 10, 9, 0, 0), 10);
    visits = 0, stop_at = 4;
    assert_int_equal(CALL(&helper_loop, 10, 9, 0, 0), 4);
    assert_int_equal(CALL(&helper_loop, 0, 9, 0, 0), 0);
    assert_int_equal(CALL(&helper_loop, 10, 9, 0, 1), -EINVAL);
    assert_int_equal(CALL(&helper_loop, (8 << 20) + 1, 9, 0, 0), -E2BIG);
    end();
}

/* The host's answers */

static u64 told_clock(void *user, enum skep_clock clock)
{
    (void)user;
    return 1000000000u + (u64)clock;
}
static u64 told_number(void *user) { return (u64)(uintptr_t)user; }
static void told_comm(void *user, char out[16])
{
    (void)user;
    memcpy(out, "a-very-long-name", 16);
}
static char printed[2000];
static void note_print(void *user, const char *text, size_t length)
{
    (void)user;
    memcpy(printed, text, length);
    printed[length] = 0;
}

TEST(the_host_answers)
{
    char comm[20];
    begin("kprobe");
    host.clock_ns = told_clock;
    host.pid_tgid = host.uid_gid = told_number;
    host.comm = told_comm;
    host.user = (void *)(uintptr_t)0x500000006;
    assert_int_equal(CALL(&helper_ktime_get_ns, 0), 1000000000 + SKEP_CLOCK_MONOTONIC);
    assert_int_equal(CALL(&helper_ktime_get_boot_ns, 0), 1000000000 + SKEP_CLOCK_BOOT);
    assert_int_equal(CALL(&helper_ktime_get_tai_ns, 0), 1000000000 + SKEP_CLOCK_TAI);
    assert_int_equal(CALL(&helper_ktime_get_coarse_ns, 0), 1000000000 + SKEP_CLOCK_COARSE);
    assert_int_equal(CALL(&helper_jiffies64, 0), 250);
    assert_int_equal(CALL(&helper_get_current_pid_tgid, 0), 0x500000006);
    assert_int_equal(CALL(&helper_get_current_uid_gid, 0), 0x500000006);
    assert_int_equal(CALL(&helper_get_smp_processor_id, 0), 1);
    assert_int_equal(CALL(&helper_get_numa_node_id, 0), 0);
    memset(comm, 'z', sizeof(comm));
    assert_int_equal(CALL(&helper_get_current_comm, AT(comm), 20), 0);
    assert_memory_equal(comm, "a-very-long-nam\0\0\0\0\0", 20);
    assert_int_equal(CALL(&helper_get_current_comm, AT(comm), 4), 0);
    assert_memory_equal(comm, "a-v\0ry", 6);
    assert_int_equal(CALL(&helper_get_current_comm, AT(comm), 1), 0);
    assert_int_equal(comm[0], 0);
    end();
}

TEST(random_numbers_are_the_threads)
{
    begin("xdp");
    rt_seed(&thread, 7);
    s64 first = CALL(&helper_get_prandom_u32, 0);
    assert_true(first >= 0 && first <= UINT32_MAX);
    assert_true(CALL(&helper_get_prandom_u32, 0) != first);
    rt_seed(&thread, 7);
    assert_true(CALL(&helper_get_prandom_u32, 0) == first);
    end();
}

/* Text */

TEST(prints_reach_the_host)
{
    char out[8];
    const u64 args[13] = { 1, 2, 3 };
    begin("kprobe");
    assert_int_equal(CALL(&helper_trace_printk, AT("n"), 2), 1);
    host.print = note_print;
    assert_int_equal(CALL(&helper_trace_printk, AT("%d-%x-%d\n"), 10, 1, 255, 3), 7);
    assert_string_equal(printed, "1-ff-3\n");
    assert_int_equal(CALL(&helper_trace_printk, AT("%d"), 2), -EINVAL);
    assert_int_equal(CALL(&helper_trace_vprintk, AT("%d%d%d"), 7, AT(args), 24), 3);
    assert_string_equal(printed, "123");
    assert_int_equal(CALL(&helper_trace_vprintk, AT("%d"), 3, AT(args), 7), -EINVAL);
    assert_int_equal(CALL(&helper_trace_vprintk, AT("%d"), 3, AT(args), 104), -EINVAL);
    assert_int_equal(CALL(&helper_trace_vprintk, AT("%d"), 3, 0, 8), -EINVAL);
    assert_int_equal(CALL(&helper_snprintf, AT(out), 8, AT("%d"), AT(args), 8), 2);
    assert_string_equal(out, "1");
    assert_int_equal(CALL(&helper_snprintf, AT(out), 3, AT("%d23456"), AT(args), 8), 7);
    assert_string_equal(out, "12");
    assert_int_equal(CALL(&helper_snprintf, 0, 0, AT("1234"), 0, 0), 5);
    end();
}

static void reads(const char *text, u64 flags, s64 expected, s64 value)
{
    s64 result = 99;
    s64 consumed = CALL(&helper_strtol, AT(text), strlen(text), flags, AT(&result));
    if (consumed != expected || (expected > 0 && result != value))
        fail_msg("strtol \"%s\" base %d: %lld, %lld", text, (int)flags, (long long)consumed,
                 (long long)result);
}

static void reads_unsigned(const char *text, u64 flags, s64 expected, u64 value)
{
    u64 result = 99;
    s64 consumed = CALL(&helper_strtoul, AT(text), strlen(text), flags, AT(&result));
    if (consumed != expected || (expected > 0 && result != value))
        fail_msg("strtoul \"%s\" base %d: %lld, %llu", text, (int)flags, (long long)consumed,
                 (unsigned long long)result);
}

TEST(numbers_are_read_as_the_kernel_reads_them)
{
    begin("cgroup_skb");
    reads("42", 0, 2, 42);
    reads("  -42x", 0, 5, -42);
    reads("0x1F", 0, 4, 31);
    reads("0x1F", 16, 4, 31);
    reads("0xg", 0, 1, 0);
    reads("0xg", 16, -EINVAL, 0);
    reads("017", 0, 3, 15);
    reads("017", 10, 3, 17);
    reads("8", 8, -EINVAL, 0);
    reads("ff", 16, 2, 255);
    reads("", 0, -EINVAL, 0);
    reads("-", 0, -EINVAL, 0);
    reads("+1", 0, -EINVAL, 0);
    reads("1", 2, -EINVAL, 0);
    reads("1", 32, -EINVAL, 0);
    reads("9223372036854775807", 0, 19, INT64_MAX);
    reads("9223372036854775808", 0, -ERANGE, 0);
    reads("-9223372036854775808", 0, 20, INT64_MIN);
    reads("-9223372036854775809", 0, -ERANGE, 0);
    reads("99999999999999999999999", 0, -ERANGE, 0);
    reads_unsigned("18446744073709551615", 10, 20, UINT64_MAX);
    reads_unsigned("18446744073709551616", 10, -ERANGE, 0);
    reads_unsigned("-1", 10, -EINVAL, 0);
    reads_unsigned("\t7\n", 0, 2, 7);
    end();
}

TEST(strings_compare)
{
    begin("kprobe");
    assert_int_equal(CALL(&helper_strncmp, AT("abc"), 4, AT("abc")), 0);
    assert_int_equal(CALL(&helper_strncmp, AT("abcx"), 3, AT("abcd")), 0);
    assert_int_equal(CALL(&helper_strncmp, AT("abc"), 4, AT("abd")), -1);
    assert_int_equal(CALL(&helper_strncmp, AT("abc"), 4, AT("ab")), 1);
    assert_int_equal(CALL(&helper_strncmp, AT("ab"), 3, AT("abc")), -1);
    assert_int_equal(CALL(&helper_strncmp, AT("\xff"), 1, AT("a")), 1);
    end();
}

/* Ring buffers */

static char drained[100];
static int note_record(void *user, const void *data, size_t size)
{
    (void)user;
    strncat(drained, data, size);
    return 0;
}

TEST(records_are_submitted_discarded_or_abandoned)
{
    begin("kprobe");
    struct skep_map *map = new_map("ringbuf", 0, 0, 4096);
    drained[0] = 0;
    assert_int_equal(CALL(&helper_ringbuf_output, AT(map), AT("one "), 4, 0), 0);
    assert_int_equal(CALL(&helper_ringbuf_output, AT(map), AT("one "), 4, 4), -EINVAL);
    assert_int_equal(CALL(&helper_ringbuf_output, AT(map), AT("one "), 5000, 0), -EAGAIN);
    char *record = (char *)AT(CALL(&helper_ringbuf_reserve, AT(map), 4, 0));
    memcpy(record, "two ", 4);
    CALL(&helper_ringbuf_submit, AT(record), 0);
    record = (char *)AT(CALL(&helper_ringbuf_reserve, AT(map), 4, 0));
    memcpy(record, "no  ", 4);
    CALL(&helper_ringbuf_discard, AT(record), 0);
    assert_int_equal(CALL(&helper_ringbuf_reserve, AT(map), 4, 1), 0);
    record = (char *)AT(CALL(&helper_ringbuf_reserve, AT(map), 4, 0));
    memcpy(record, "no  ", 4);
    assert_int_equal(thread.n_held, 1);
    rt_release_all(&thread);
    CALL(&helper_ringbuf_submit, AT(record), 0); /* is not held: nothing happens */
    assert_int_equal(CALL(&helper_ringbuf_output, AT(map), AT("end"), 3, 0), 0);
    assert_int_equal(CALL(&helper_ringbuf_query, AT(map), 1), 4096);
    map->type->drain(map, note_record, NULL);
    assert_string_equal(drained, "one two end");
    map_put_user(map);
    end();
}

TEST(a_full_ledger_takes_no_record)
{
    begin("kprobe");
    struct skep_map *map = new_map("ringbuf", 0, 0, 4096);
    for (u32 i = 0; i < RT_LEDGER; i++)
        assert_int_not_equal(CALL(&helper_ringbuf_reserve, AT(map), 8, 0), 0);
    assert_int_equal(CALL(&helper_ringbuf_reserve, AT(map), 8, 0), 0);
    rt_release_all(&thread);
    drained[0] = 0;
    map->type->drain(map, note_record, NULL);
    assert_string_equal(drained, "");
    map_put_user(map);
    end();
}

/* Locks */

TEST(a_lock_is_held_until_it_is_released_or_the_run_ends)
{
    u32 lock = 0;
    begin("xdp");
    CALL(&helper_spin_lock, AT(&lock));
    assert_int_not_equal(lock, 0);
    CALL(&helper_spin_unlock, AT(&lock));
    assert_int_equal(lock, 0);
    CALL(&helper_spin_lock, AT(&lock));
    rt_release_all(&thread);
    assert_int_equal(lock, 0);
    lock = 1;
    CALL(&helper_spin_unlock, AT(&lock)); /* somebody else's */
    assert_int_equal(lock, 1);
    thread.fuel = 1000;
    CALL(&helper_spin_lock, AT(&lock));
    assert_int_equal(thread.stop, SKEP_FUEL);
    assert_int_equal(thread.n_held, 0);
    end();
}

/* Events */

static u8 event_bytes[200];
static size_t event_size;
static u64 event_flags;
static void note_event(void *user, struct skep_map *map, u64 flags, const void *data, size_t size)
{
    (void)user;
    assert_non_null(map);
    memcpy(event_bytes, data, size);
    event_size = size;
    event_flags = flags;
}

TEST(events_carry_the_packets_bytes)
{
    struct skep_map map = { .spec = { .max_entries = 4 } };
    const u64 current = 0xffffffff, packet_bytes = (u64)10 << 32;
    begin("xdp");
    frame("0123456789abcdefgh", 18);
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), current, AT("data"), 4), -ENOENT);
    host.event = note_event;
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), current, AT("data"), 4), 0);
    assert_int_equal(event_size, 4);
    assert_true(event_flags == current);
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), 3 | packet_bytes, AT("data"), 4),
                     0);
    assert_int_equal(event_size, 14);
    assert_true(event_flags == 3);
    assert_memory_equal(event_bytes, "data0123456789", 14);
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), 4, AT("data"), 4), -E2BIG);
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), (u64)1 << 52, AT("data"), 4),
                     -EINVAL);
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), (u64)19 << 32, AT("data"), 4),
                     -EFAULT);
    thread.packet = NULL;
    assert_int_equal(CALL(&helper_perf_event_output, 0, AT(&map), packet_bytes, AT("data"), 4),
                     -EINVAL);
    end();
}

/* Guarded reads */

TEST(reads_of_what_is_not_there_are_errors)
{
    char out[600], text[600];
    begin("kprobe");
    memset(text, 'a', sizeof(text));
    text[599] = 0;
    assert_int_equal(CALL(&helper_probe_read_kernel, AT(out), 4, AT("abcd")), 0);
    assert_memory_equal(out, "abcd", 4);
    assert_int_equal(CALL(&helper_probe_read_kernel, AT(out), 4, 8), -EFAULT);
    assert_memory_equal(out, "\0\0\0\0", 4);
    assert_int_equal(CALL(&helper_probe_read, AT(out), 0, 8), 0);
    assert_int_equal(CALL(&helper_probe_read_user_str, AT(out), 600, AT("abcd")), 5);
    assert_string_equal(out, "abcd");
    assert_int_equal(CALL(&helper_probe_read_kernel_str, AT(out), 600, AT(text)), 600);
    assert_string_equal(out, text);
    assert_int_equal(CALL(&helper_probe_read_str, AT(out), 300, AT(text)), 300);
    assert_int_equal(strlen(out), 299);
    out[0] = 'x';
    assert_int_equal(CALL(&helper_probe_read_str, AT(out), 2, 16), -EFAULT);
    assert_int_equal(out[0], 0);
    assert_int_equal(CALL(&helper_probe_read_str, AT(out), 0, 16), 0);
    end();
}

UNIT_TESTS(UNIT(elements_come_and_go), UNIT(per_cpu_values_are_the_slots_own),
           UNIT(a_walk_visits_all_until_it_is_stopped), UNIT(a_walk_takes_keys_of_any_size),
           UNIT(a_loop_counts_its_rounds), UNIT(the_host_answers),
           UNIT(random_numbers_are_the_threads), UNIT(prints_reach_the_host),
           UNIT(numbers_are_read_as_the_kernel_reads_them), UNIT(strings_compare),
           UNIT(records_are_submitted_discarded_or_abandoned), UNIT(a_full_ledger_takes_no_record),
           UNIT(a_lock_is_held_until_it_is_released_or_the_run_ends),
           UNIT(events_carry_the_packets_bytes), UNIT(reads_of_what_is_not_there_are_errors))
