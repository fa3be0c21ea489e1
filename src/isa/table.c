/* The table of isa.h as data, for what works on any row: encode, text, documentation. */
#include "isa/isa.h"

#define ISA_X(ID, OPCODE, OPERANDS, SRC, OFF, IMM, KIND, SIZE, GROUP, TEXT, CLASSIC)               \
    [ISA_##ID] = {                                                                                 \
        .name = #ID,                                                                               \
        .text = (TEXT),                                                                            \
        .classic = (CLASSIC),                                                                      \
        .imm = (IMM),                                                                              \
        .opcode = (OPCODE),                                                                        \
        .operands = (OPERANDS),                                                                    \
        .src = (SRC),                                                                              \
        .off = (OFF),                                                                              \
        .kind = ISA_KIND_##KIND,                                                                   \
        .size = (SIZE),                                                                            \
        .group = ISA_GROUP_##GROUP,                                                                \
        .slots = ISA_KIND_##KIND == ISA_KIND_LDDW ? 2 : 1,                                         \
    },
const struct isa_row isa_rows[ISA_OP_COUNT] = {
#include "isa/rows.h"
};
#undef ISA_X

_Static_assert(ISA_OP_COUNT < 256, "the decoder keeps op ids in bytes");

const char *isa_group_name(enum isa_group group)
{
    static const char *const names[ISA_GROUP_COUNT] = {
#define G(NAME, text) [ISA_GROUP_##NAME] = (text),
        ISA_GROUPS(G)
#undef G
    };
    return names[group];
}
