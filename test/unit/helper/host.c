/* What helpers ask of the host: every question is answered by it, and has an answer without it. */
#include "unit/helper/helpers.h"

#include <stdio.h>

static struct skep_key_event key;
static void note_key(void *user, const struct skep_key_event *event)
{
    assert_ptr_equal(user, &key);
    key = *event;
}

TEST(keys_are_the_hosts)
{
    begin("lirc_mode2");
    assert_int_equal(CALL(&helper_rc_repeat, 0), 0);
    host.key = note_key;
    host.user = &key;
    assert_int_equal(CALL(&helper_rc_keydown, 0, 5, 0x123456789, 1), 0);
    assert_int_equal(key.kind, SKEP_KEY_DOWN);
    assert_int_equal(key.protocol, 5);
    assert_int_equal(key.scancode, 0x123456789);
    assert_int_equal(key.toggle, 1);
    assert_int_equal(CALL(&helper_rc_pointer_rel, 0, -3, 7), 0);
    assert_int_equal(key.kind, SKEP_KEY_POINTER);
    assert_int_equal(key.dx, -3);
    assert_int_equal(key.dy, 7);
    assert_int_equal(CALL(&helper_rc_repeat, 0), 0);
    assert_int_equal(key.kind, SKEP_KEY_REPEAT);
    end();
}

static u64 cgroup_seven(void *user)
{
    (void)user;
    return 7;
}
static bool under_even_ones(void *user, uint32_t handle)
{
    (void)user;
    return handle % 2 == 0;
}

TEST(control_groups_are_handles)
{
    begin("kprobe");
    struct skep_map *map = new_map("cgroup_array", 4, 4, 3);
    u32 index = 0, handle = 7;
    assert_int_equal(map->type->update(map, &index, &handle, 0, 0), 0);
    index = 1, handle = 8;
    assert_int_equal(map->type->update(map, &index, &handle, 0, 0), 0);
    assert_int_equal(CALL(&helper_get_current_cgroup_id, 0), 1);
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 0), 0);
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 2), -EAGAIN);
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 3), -E2BIG);
    host.cgroup_id = cgroup_seven;
    assert_int_equal(CALL(&helper_get_current_cgroup_id, 0), 7);
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 0), 1);
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 1), 0);
    host.under_cgroup = under_even_ones;
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 0), 0);
    assert_int_equal(CALL(&helper_current_task_under_cgroup, AT(map), 1), 1);
    map_put_user(map);
    end();
}

static void traced_add(void *user, const void *ctx, struct skep_traced *out)
{
    (void)user;
    assert_ptr_equal(ctx, thread.ctx);
    *out = (struct skep_traced){ .ip = 0x401000, .cookie = 77, .n_args = 2, .returned = true };
}

TEST(a_traced_function_is_the_hosts)
{
    u64 args[12] = { 40, 2, 42 }, value = 99;
    begin("tracing");
    thread.ctx = args;
    assert_int_equal(CALL(&helper_get_func_ip, AT(args)), 0);
    assert_int_equal(CALL(&helper_get_attach_cookie, AT(args)), 0);
    assert_int_equal(CALL(&helper_get_func_arg, AT(args), 0, AT(&value)), -EINVAL);
    assert_int_equal(CALL(&helper_get_func_ret, AT(args), AT(&value)), -EOPNOTSUPP);
    host.traced = traced_add;
    assert_int_equal(CALL(&helper_get_func_ip, AT(args)), 0x401000);
    assert_int_equal(CALL(&helper_get_attach_cookie, AT(args)), 77);
    assert_int_equal(CALL(&helper_get_func_arg_cnt, AT(args)), 2);
    assert_int_equal(CALL(&helper_get_func_arg, AT(args), 1, AT(&value)), 0);
    assert_int_equal(value, 2);
    assert_int_equal(CALL(&helper_get_func_arg, AT(args), 2, AT(&value)), -EINVAL);
    assert_int_equal(CALL(&helper_get_func_ret, AT(args), AT(&value)), 0);
    assert_int_equal(value, 42);
    program.hook = hook_named("kprobe"); /* registers are no arguments */
    assert_int_equal(CALL(&helper_get_func_arg, AT(args), 1, AT(&value)), -EINVAL);
    end();
}

static size_t stack_of_five(void *user, const void *ctx, bool user_stack, uint64_t *out, size_t n)
{
    (void)user, (void)ctx;
    for (size_t i = 0; i < 5 && i < n; i++)
        out[i] = (user_stack ? 1000 : 0) + i;
    return n < 5 ? n : 5;
}

TEST(stacks_are_the_hosts)
{
    u64 addresses[8];
    begin("perf_event");
    memset(addresses, 1, sizeof(addresses));
    assert_int_equal(CALL(&helper_get_stack, 0, AT(addresses), 64, 0), -EFAULT);
    assert_int_equal(addresses[7], 0);
    host.stack = stack_of_five;
    assert_int_equal(CALL(&helper_get_stack, 0, AT(addresses), 64, 0), 40);
    assert_int_equal(addresses[4], 4);
    assert_int_equal(addresses[5], 0);
    assert_int_equal(CALL(&helper_get_stack, 0, AT(addresses), 16, 256 | 2), 16);
    assert_int_equal(addresses[0], 1002);
    assert_int_equal(addresses[1], 1003);
    assert_int_equal(CALL(&helper_get_stack, 0, AT(addresses), 64, 5), -EFAULT);
    assert_int_equal(CALL(&helper_get_stack, 0, AT(addresses), 60, 0), -EINVAL);
    assert_int_equal(CALL(&helper_get_stack, 0, AT(addresses), 64, 1 << 12), -EINVAL);
    end();
}

static int64_t keep_three(skep_map *map, const uint64_t *addresses, uint32_t n, uint64_t flags)
{
    (void)map;
    assert_int_equal(n, 3);
    assert_int_equal(addresses[0], 2);
    assert_int_equal(flags, 1024 | 2);
    return 11;
}

TEST(stacks_are_kept_by_number)
{
    static const struct skep_map_type type = { .keep_stack = keep_three };
    struct skep_map map = { .type = &type, .spec = { .value_size = 32, .max_entries = 1 } };
    begin("perf_event");
    assert_int_equal(CALL(&helper_get_stackid, 0, AT(&map), 0), -EFAULT);
    host.stack = stack_of_five;
    assert_int_equal(CALL(&helper_get_stackid, 0, AT(&map), 1024 | 2), 11);
    assert_int_equal(CALL(&helper_get_stackid, 0, AT(&map), 5), -EFAULT);
    assert_int_equal(CALL(&helper_get_stackid, 0, AT(&map), 2048), -EINVAL);
    end();
}

static u64 task_address(void *user) { return (u64)(uintptr_t)user; }
static u64 pid_five(void *user)
{
    (void)user;
    return (u64)6 << 32 | 5;
}

TEST(the_task_is_read_where_the_host_says)
{
    const char task[8] = "task";
    char out[8];
    u32 numbers[2];
    begin("kprobe");
    assert_int_equal(CALL(&helper_get_current_task, 0), 0);
    host.current_task = task_address;
    host.user = (void *)AT(task);
    u64 at = (u64)CALL(&helper_get_current_task, 0);
    assert_int_equal(CALL(&helper_probe_read_kernel, AT(out), 8, at), 0);
    assert_string_equal(out, "task");
    host.pid_tgid = pid_five;
    assert_int_equal(CALL(&helper_get_ns_current_pid_tgid, 4, 0xf00, AT(numbers), 8), 0);
    assert_int_equal(numbers[0], 5);
    assert_int_equal(numbers[1], 6);
    assert_int_equal(CALL(&helper_get_ns_current_pid_tgid, 4, 0xf00, AT(numbers), 4), -EINVAL);
    end();
}

static char written[100];
static void note_seq(void *user, uint64_t seq, const void *data, size_t size)
{
    (void)user;
    assert_int_equal(seq, 0x77);
    strncat(written, data, size);
}

TEST(iterators_write_to_the_host)
{
    const u64 args[2] = { 12, 13 };
    begin("tracing");
    written[0] = 0;
    assert_int_equal(CALL(&helper_seq_write, 0x77, AT("lost"), 4), 0);
    host.seq = note_seq;
    assert_int_equal(CALL(&helper_seq_write, 0x77, AT("one "), 4), 0);
    assert_int_equal(CALL(&helper_seq_printf, 0x77, AT("%d\n"), 4, AT(args), 8), 0);
    assert_string_equal(written, "one 12\n");
    assert_int_equal(CALL(&helper_seq_printf, 0x77, AT("%d"), 3, 0, 0), -EINVAL);
    assert_int_equal(CALL(&helper_seq_printf, 0x77, AT("%600d%600d"), 11, AT(args), 16),
                     -EOVERFLOW);
    end();
}

static int show_number(void *user, uint64_t address, uint32_t type, uint64_t flags, char *out,
                       size_t size)
{
    (void)user;
    return snprintf(out, size, "type %u at %lu, %lu", type, address, flags);
}

TEST(types_are_the_hosts)
{
    const struct {
        u64 address;
        u32 type, flags;
    } what = { 16, 7, 0 }, no_type = { 16, 0, 0 };
    char text[16];
    begin("tracing");
    written[0] = 0;
    assert_int_equal(CALL(&helper_snprintf_btf, AT(text), 16, AT(&what), 16, 0), -EINVAL);
    assert_int_equal(CALL(&helper_seq_printf_btf, 0x77, AT(&what), 16, 0), -EINVAL);
    host.show = show_number;
    host.seq = note_seq;
    assert_int_equal(CALL(&helper_snprintf_btf, AT(text), 16, AT(&what), 16, 3), 15);
    assert_string_equal(text, "type 7 at 16, 3");
    assert_int_equal(CALL(&helper_snprintf_btf, AT(text), 7, AT(&what), 16, 3), 15);
    assert_string_equal(text, "type 7");
    assert_int_equal(CALL(&helper_snprintf_btf, AT(text), 16, AT(&what), 16, 16), -EINVAL);
    assert_int_equal(CALL(&helper_snprintf_btf, AT(text), 16, AT(&what), 8, 0), -EINVAL);
    assert_int_equal(CALL(&helper_snprintf_btf, AT(text), 16, AT(&no_type), 16, 0), -EINVAL);
    assert_int_equal(CALL(&helper_seq_printf_btf, 0x77, AT(&what), 16, 15), 0);
    assert_string_equal(written, "type 7 at 16, 15");
    assert_int_equal(CALL(&helper_seq_printf_btf, 0x77, AT(&no_type), 16, 0), -EINVAL);
    end();
}

static uint64_t hundred_each(void *user, uint64_t variable, uint32_t cpu)
{
    (void)user;
    return variable + 100 * cpu;
}

TEST(variables_per_cpu_are_the_hosts)
{
    begin("tracing"); /* on slot 1 of 4 */
    assert_int_equal(CALL(&helper_per_cpu_ptr, 5, 3), 5);
    assert_int_equal(CALL(&helper_this_cpu_ptr, 5), 5);
    host.per_cpu = hundred_each;
    assert_int_equal(CALL(&helper_per_cpu_ptr, 5, 3), 305);
    assert_int_equal(CALL(&helper_per_cpu_ptr, 5, 4), 0);
    assert_int_equal(CALL(&helper_this_cpu_ptr, 5), 105);
    end();
}

static bool send_on_two(void *user, uint32_t ifindex, uint64_t flags, const void *bytes,
                        size_t size)
{
    (void)user;
    assert_int_equal(flags, 1);
    assert_int_equal(size, 20);
    assert_memory_equal(bytes, "0123456789", 10);
    return ifindex == 2;
}
static uint32_t mtu_of_two(void *user, uint32_t ifindex)
{
    (void)user;
    return ifindex == 2 ? 30 : 0;
}

TEST(interfaces_are_the_hosts)
{
    u32 length = 0;
    begin("sched_cls");
    frame("0123456789abcdefghij", 20);
    assert_int_equal(CALL(&helper_clone_redirect, 0, 2, 1), -EINVAL);
    host.send = send_on_two;
    assert_int_equal(CALL(&helper_clone_redirect, 0, 2, 1), 0);
    assert_int_equal(CALL(&helper_clone_redirect, 0, 3, 1), -EINVAL);
    assert_int_equal(CALL(&helper_clone_redirect, 0, 2, 2), -EINVAL);
    assert_int_equal(CALL(&helper_check_mtu, 0, 0, AT(&length), 0, 0), 0);
    assert_int_equal(length, 1500);
    assert_int_equal(CALL(&helper_check_mtu, 0, 0, AT(&length), 1, 0), 1);
    assert_int_equal(CALL(&helper_check_mtu, 0, 1, AT(&length), 0, 0), -ENODEV);
    assert_int_equal(CALL(&helper_check_mtu, 0, 0, AT(&length), 0, 1), -EINVAL);
    host.mtu = mtu_of_two;
    length = 0;
    assert_int_equal(CALL(&helper_check_mtu, 0, 2, AT(&length), 24, 0), 0);
    length = 0;
    assert_int_equal(CALL(&helper_check_mtu, 0, 2, AT(&length), 25, 0), 1);
    assert_int_equal(length, 30);
    assert_int_equal(CALL(&helper_check_mtu, 0, 2, AT(&length), 0, 2), -EINVAL);
    end();
}

TEST(congestion_marks_keep_the_headers_sum)
{
    u8 ipv4[34] = { [12] = 0x08, [14] = 0x45, [15] = 0x02, [17] = 20, [22] = 64, [23] = 17 };
    u8 ipv6[54] = { [12] = 0x86, [13] = 0xdd, [14] = 0x60, [15] = 0x10 };
    begin("sched_cls");
    u16 sum = checksum_fold(checksum_partial(ipv4 + 14, 20, 0));
    memcpy(ipv4 + 24, &sum, sizeof(sum));
    frame(ipv4, sizeof(ipv4));
    assert_int_equal(CALL(&helper_skb_ecn_set_ce, 0), 1);
    assert_int_equal(packet->data[15], 3);
    assert_int_equal(checksum_fold(checksum_partial(packet->data + 14, 20, 0)), 0);
    assert_int_equal(CALL(&helper_skb_ecn_set_ce, 0), 1);
    ipv4[15] = 0;
    frame(ipv4, sizeof(ipv4));
    assert_int_equal(CALL(&helper_skb_ecn_set_ce, 0), 0);
    frame(ipv6, sizeof(ipv6));
    assert_int_equal(CALL(&helper_skb_ecn_set_ce, 0), 1);
    assert_int_equal(packet->data[15], 0x30);
    assert_int_equal(CALL(&helper_skb_set_tstamp, 0, 5, 1), 0);
    assert_int_equal(packet->tstamp, 5);
    assert_int_equal(packet->tstamp_type, 1);
    assert_int_equal(CALL(&helper_skb_set_tstamp, 0, 0, 1), -EINVAL);
    assert_int_equal(CALL(&helper_skb_set_tstamp, 0, 5, 0), 0);
    assert_int_equal(CALL(&helper_skb_set_tstamp, 0, 5, 3), -EINVAL);
    assert_int_equal(CALL(&helper_skb_set_tstamp, 0, 0, 0), 0);
    frame("an ARP frame is no IP", 20);
    assert_int_equal(CALL(&helper_skb_ecn_set_ce, 0), 0);
    assert_int_equal(CALL(&helper_skb_set_tstamp, 0, 5, 1), -EOPNOTSUPP);
    end();
}

TEST(a_verdict_of_its_own_is_the_threads)
{
    begin("cgroup_sockopt");
    assert_int_equal(CALL(&helper_get_retval, 0), 0);
    assert_int_equal(CALL(&helper_set_retval, -EPERM), 0);
    assert_int_equal(CALL(&helper_get_retval, 0), -EPERM);
    end();
}

UNIT_TESTS(UNIT(keys_are_the_hosts), UNIT(control_groups_are_handles),
           UNIT(a_traced_function_is_the_hosts), UNIT(stacks_are_the_hosts),
           UNIT(stacks_are_kept_by_number), UNIT(the_task_is_read_where_the_host_says),
           UNIT(iterators_write_to_the_host), UNIT(types_are_the_hosts),
           UNIT(variables_per_cpu_are_the_hosts), UNIT(interfaces_are_the_hosts),
           UNIT(congestion_marks_keep_the_headers_sum), UNIT(a_verdict_of_its_own_is_the_threads))
