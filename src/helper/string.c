/* Numbers in text, and comparing. */
#include "helper/define.h"

enum { STRTOX_BASE_MASK = 0x1f, STRTOX_DIGITS = 63 };

struct strtox {
    u64 magnitude;
    bool negative;
    s64 consumed; /* or -errno */
};

static bool strtox_is_space(u8 c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0; }

static u32 strtox_digit(u8 c)
{
    if (c >= '0' && c <= '9')
        return c - (u32)'0';
    u8 lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - (u32)'a' + 10 : 16;
}

static bool strtox_is_hex(const u8 *text, u64 left)
{
    return left >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
}

/* The base, if it is to be guessed, by C's prefixes. */
static u32 strtox_base(const u8 *text, u64 left, u32 base)
{
    if (base != 0)
        return base;
    if (left == 0 || text[0] != '0')
        return 10;
    return strtox_is_hex(text, left) && left >= 3 && strtox_digit(text[2]) < 16 ? 16 : 8;
}

/* As the kernel parses: blanks, a minus sign, at most 63 more characters. */
static struct strtox strtox_parse(const u8 *text, u64 size, u64 flags)
{
    struct strtox failed = { .consumed = -EINVAL };
    u32 base = (u32)flags & STRTOX_BASE_MASK;
    if (flags & ~(u64)STRTOX_BASE_MASK || (base != 0 && base != 8 && base != 10 && base != 16))
        return failed;
    u64 at = 0;
    while (at < size && strtox_is_space(text[at]))
        at++;
    bool negative = at < size && text[at] == '-';
    at += negative;
    u64 end = min_u64(size, at + STRTOX_DIGITS), value = 0;
    base = strtox_base(text + at, end - at, base);
    if (base == 16 && strtox_is_hex(text + at, end - at))
        at += 2;
    u64 first = at;
    for (; at < end && strtox_digit(text[at]) < base; at++)
        if (__builtin_mul_overflow(value, (u64)base, &value) ||
            __builtin_add_overflow(value, (u64)strtox_digit(text[at]), &value))
            failed.consumed = -ERANGE;
    if (at == first || failed.consumed == -ERANGE)
        return failed;
    return (struct strtox){ value, negative, (s64)at };
}

static u64 helper_to_long(struct skep_thread *thread, u64 text, u64 size, u64 flags, u64 result,
                          u64 a5)
{
    (void)a5;
    if (!helper_pay(thread, size))
        return 0;
    struct strtox parsed = strtox_parse(helper_pointer(text), size, flags);
    u64 limit = (u64)INT64_MAX + parsed.negative;
    s64 value = 0;
    if (parsed.consumed > 0 && parsed.magnitude > limit)
        parsed.consumed = -ERANGE;
    if (parsed.consumed > 0)
        value = (s64)(parsed.negative ? 0 - parsed.magnitude : parsed.magnitude);
    memcpy(helper_pointer(result), &value, sizeof(value));
    return (u64)parsed.consumed;
}

const struct skep_helper helper_strtol = {
    HELPER_HEAD("bpf_strtol", 105, BASE, helper_to_long),
    .args = { ARG_R, ARG_SIZE, ARG_ANY, ARG_W_WORD(8) },
};

static u64 helper_to_ulong(struct skep_thread *thread, u64 text, u64 size, u64 flags, u64 result,
                           u64 a5)
{
    (void)a5;
    if (!helper_pay(thread, size))
        return 0;
    struct strtox parsed = strtox_parse(helper_pointer(text), size, flags);
    if (parsed.consumed > 0 && parsed.negative)
        parsed.consumed = -EINVAL;
    u64 value = parsed.consumed > 0 ? parsed.magnitude : 0;
    memcpy(helper_pointer(result), &value, sizeof(value));
    return (u64)parsed.consumed;
}

const struct skep_helper helper_strtoul = {
    HELPER_HEAD("bpf_strtoul", 106, BASE, helper_to_ulong),
    .args = { ARG_R, ARG_SIZE, ARG_ANY, ARG_W_WORD(8) },
};

/* -1, 0 or 1. */
static u64 helper_compare(struct skep_thread *thread, u64 s1, u64 size, u64 s2, u64 a4, u64 a5)
{
    (void)a4, (void)a5;
    if (!helper_pay(thread, size))
        return 0;
    const u8 *p = helper_pointer(s1), *q = helper_pointer(s2);
    for (u64 i = 0; i < size; i++) {
        if (p[i] != q[i])
            return helper_errno(p[i] < q[i] ? -1 : 1);
        if (!p[i])
            break;
    }
    return 0;
}

const struct skep_helper helper_strncmp = {
    HELPER_HEAD("bpf_strncmp", 182, BASE, helper_compare),
    .args = { ARG_R, ARG_SIZE, ARG_STRING },
};
