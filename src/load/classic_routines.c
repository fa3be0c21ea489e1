/* What classic programs can ask about a packet that is no load: subprograms that the converter puts
 * behind the program.  Semantics: <linux/filter.h>'s SKF_AD_NLATTR, _NLATTR_NEST and _PAY_OFFSET,
 * as Linux answers them; a packet that ends too early gives 0. */
#include "load/classic.h"

/* r1: the context, r2: where the attributes begin, r3: the type looked for, r4: inside of the
 * attribute at r2.  r0: where it is, or 0.  Attributes are of the host's byte order, packet loads
 * of the network's. */
#define CLASSIC_ATTRIBUTE                                                                          \
    "r6 = r1; w7 = w2; w8 = w3\n"                                                                  \
    "r9 = *(u32 *)(r6 + %u)\n"                                                                     \
    "r1 = r9; r1 += -4; if r7 s> r1 goto none\n"                                                   \
    "if w4 == 0 goto next\n"                                                                       \
    "r0 = *(u16 *)skb[r7]; r0 = be16 r0\n"                                                         \
    "r1 = r9; r1 -= r7; if r0 > r1 goto none\n"                                                    \
    "r9 = r7; r9 += r0; r7 += 4\n"                                                                 \
    "next: r1 = r9; r1 -= r7; if r1 s< 4 goto none\n"                                              \
    "r0 = *(u16 *)skb[r7]; r0 = be16 r0; if r0 < 4 goto none\n"                                    \
    "r1 = r9; r1 -= r7; if r0 > r1 goto none\n"                                                    \
    "*(u64 *)(r10 - 8) = r0\n"                                                                     \
    "r0 = *(u16 *)skb[r7 + 2]; r0 = be16 r0; r0 &= 0x3fff\n" /* no flags */                        \
    "if r0 == r8 goto found\n"                                                                     \
    "r0 = *(u64 *)(r10 - 8); r0 += 3; r0 &= -4; r7 += r0; goto next\n"                             \
    "found: r0 = r7; exit\n"                                                                       \
    "none: r0 = 0; exit\n"

/* r1: the context.  r0: where the payload of an Ethernet frame begins: behind tags, the outermost
 * IP header with its extensions, and, but in later fragments, the transport's header. */
#define CLASSIC_PAYLOAD                                                                            \
    "r6 = r1; r7 = 14\n"                                                                           \
    "r0 = *(u16 *)skb[12]\n"                                                                       \
    "type: if r0 == 0x8100 goto tag; if r0 == 0x88a8 goto tag\n"                                   \
    "if r0 == 0x800 goto ip4; if r0 == 0x86dd goto ip6\n"                                          \
    "none: r0 = 0; exit\n"                                                                         \
    "tag: r0 = *(u16 *)skb[r7 + 2]; r7 += 4; goto type\n"                                          \
    "ip4: r0 = *(u8 *)skb[r7]; r0 &= 15; r0 <<= 2; if r0 < 20 goto none; r8 = r0\n"                \
    "r0 = *(u16 *)skb[r7 + 6]; r0 &= 0x1fff; r9 = r0\n"                                            \
    "r0 = *(u8 *)skb[r7 + 9]; r7 += r8; if r9 != 0 goto end; goto transport\n"                     \
    "ip6: r0 = *(u8 *)skb[r7 + 6]; r8 = r0; r0 = *(u8 *)skb[r7 + 39]; r0 = r8; r7 += 40\n"         \
    "extension: if r0 == 0 goto option; if r0 == 43 goto option; if r0 == 60 goto option\n"        \
    "if r0 == 44 goto fragment; goto transport\n"                                                  \
    "option: r0 = *(u8 *)skb[r7]; r8 = r0; r0 = *(u8 *)skb[r7 + 1]; r0 += 1; r0 <<= 3\n"           \
    "r7 += r0; r0 = r8; goto extension\n"                                                          \
    "fragment: r0 = *(u8 *)skb[r7]; r8 = r0; r0 = *(u16 *)skb[r7 + 2]; r0 &= 0xfff8; r9 = r0\n"    \
    "r0 = r8; r7 += 8; if r9 != 0 goto end\n"                                                      \
    "transport: if r0 == 6 goto tcp; r8 = 12; if r0 == 33 goto fixed; if r0 == 132 goto fixed\n"   \
    "r8 = 8; if r0 == 17 goto fixed; if r0 == 136 goto fixed; if r0 == 1 goto fixed\n"             \
    "if r0 == 58 goto fixed; if r0 == 2 goto fixed\n"                                              \
    "end: r0 = r7; exit\n"                                                                         \
    "fixed: r7 += r8; goto end\n"                                                                  \
    "tcp: r9 = *(u32 *)(r6 + %u); r1 = r7; r1 += 13; if r1 > r9 goto end\n"                        \
    "r0 = *(u8 *)skb[r7 + 12]; r0 &= 0xf0; r0 >>= 2; if r0 >= 20 goto whole; r0 = 20\n"            \
    "whole: r7 += r0; goto end\n"

static void classic_routine_text(struct text *out, enum classic_routine which, u32 length_at)
{
    switch (which) {
    case CLASSIC_FIND_ATTRIBUTE: text_printf(out, CLASSIC_ATTRIBUTE, length_at); break;
    case CLASSIC_FIND_PAYLOAD: text_printf(out, CLASSIC_PAYLOAD, length_at); break;
    case CLASSIC_ROUTINES: break;
    }
}

skep_status classic_routine_put(struct mem *mem, enum classic_routine which, u32 length_at,
                                struct isa_slot *slots, u32 *n_slots, skep_error *err)
{
    struct text text;
    struct isa_asm as = { .mem = mem };
    text_init(&text, mem);
    classic_routine_text(&text, which, length_at);
    skep_status status = text.failed ? RAISE(err, SKEP_NOMEM, NOMEM, STR("a classic program"))
                                     : isa_assemble(&as, text_cstr(&text), text.length, err);
    assert((status != SKEP_OK || as.slots.n <= CLASSIC_ROUTINE_SLOTS) && "there is room for it");
    for (u32 i = 0; status == SKEP_OK && i < as.slots.n; i++)
        slots[(*n_slots)++] = as.slots.data[i];
    isa_asm_drop(&as);
    text_drop(&text);
    return status;
}

#undef CLASSIC_ATTRIBUTE
#undef CLASSIC_PAYLOAD
