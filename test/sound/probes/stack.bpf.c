/* Values that go through memory: bytes and halves of the stack, flags, what is set on some paths.
 */
#include "probe.h"

INPUT;
BUFFER(b64, 64);
BUFFER(b8, 8);

TWIN("x=64")
PROBE(index_kept_as_a_byte)
{
    volatile u8 index = in.x & SWAP(63, 64);
    OPEN(b64)[index] = 1;
    return 0;
}

TWIN("x=64")
PROBE(index_kept_as_a_half)
{
    volatile u16 index = in.x & SWAP(63, 64);
    OPEN(b64)[index] = 1;
    return 0;
}

TWIN("x=64")
PROBE(word_read_as_its_bytes)
{
    volatile union {
        u64 word;
        u8 bytes[8];
    } u;
    u.word = in.x & SWAP(63, 64);
    OPEN(b64)[u.bytes[0]] = u.bytes[7];
    return 0;
}

TWIN("x=1 y=64")
PROBE(flag_stands_for_a_bound)
{
    u64 y = in.y;
    u32 ok = 0;
    if (y < SWAP(64, 65))
        ok = 1;
    HIDE(ok);
    in.w = in.z;
    if (ok)
        OPEN(b64)[y] = 1;
    return 0;
}

TWIN("x=2 y=64")
PROBE(kind_stands_for_a_bound)
{
    u64 y = in.y;
    u32 kind = 0;
    if (y < 8)
        kind = 1;
    else if (y < SWAP(64, 65))
        kind = 2;
    HIDE(kind);
    if (kind == 1)
        OPEN(b8)[y] = 1;
    if (kind == 2)
        OPEN(b64)[y] = 1;
    return 0;
}

TWIN("x=2")
PROBE(set_on_the_path_that_uses_it)
{
    u8 *p = 0;
    u64 x = in.x;
    if (x & 1)
        p = OPEN(b64);
    in.w = in.z;
    if (x & SWAP(1, 2))
        p[x & 63] = 1;
    return 0;
}

TWIN("x=65")
PROBE(error_code_of_a_checker)
{
    u64 x = in.x;
    s32 error = 0;
    if (x > SWAP(63, 127))
        error = -22;
    else if (x == 7)
        error = -11;
    HIDE(error);
    if (error < 0)
        return 1;
    OPEN(b64)[x] = 1;
    return 0;
}

static __attribute__((noinline)) u32 clamp_index(u64 x)
{
    u32 at = (u32)x;
    if (at > SWAP(63, 64))
        at = 0;
    HIDE(at);
    return at;
}

TWIN("x=64")
PROBE(subprogram_that_clamps)
{
    OPEN(b64)[clamp_index(in.x)] = 1;
    return 0;
}

static __attribute__((noinline)) int is_index(u64 x) { return x < SWAP(64, 65); }

TWIN("x=64")
PROBE(subprogram_that_checks)
{
    u64 x = in.x;
    if (is_index(x))
        OPEN(b64)[x] = 1;
    return 0;
}

static __attribute__((noinline)) int read_index(u64 *out)
{
    u64 x = in.x;
    if (x >= SWAP(64, 65))
        return -1;
    *out = x;
    return 0;
}

TWIN("x=64")
PROBE(subprogram_with_an_output)
{
    u64 x = 1000;
    if (read_index(&x) == 0)
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=8")
PROBE(array_on_the_stack)
{
    u64 table[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    u64 *open = table;
    HIDE(open);
    return (int)open[in.x & SWAP(7, 127)];
}

TWIN("x=8")
PROBE(indices_kept_on_the_stack)
{
    volatile u8 order[8];
    for (u32 i = 0; i < 8; i++)
        order[i] = (u8)(7 - i);
    HIDE(ctx);
    OPEN(b8)[order[in.x & 7] + SWAP(0, 8)] = 1;
    return 0;
}

TWIN("x=9")
PROBE(struct_with_a_length)
{
    struct {
        u32 length;
        u8 data[8];
    } text = { 0 };
    u64 x = in.x;
    u32 *length = &text.length;
    HIDE(length);
    *length = x > SWAP(8, 9) ? 8 : (u32)x;
    for (u32 i = 0; i < text.length; i++)
        OPEN(b8)[i] = 1;
    return 0;
}
