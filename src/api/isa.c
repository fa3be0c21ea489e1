/* include/skep/isa.h: the instruction set for those who have no object and no env. */
#include "isa/isa.h"

#include <stdlib.h>

#define API_ISA_SLOTS_MAX (1u << 24)

static struct isa_slot api_isa_slot(skep_insn insn)
{
    return (struct isa_slot){
        .opcode = insn.opcode,
        .dst = insn.registers & 15,
        .src = insn.registers >> 4,
        .off = insn.offset,
        .imm = insn.imm,
    };
}

static skep_insn api_isa_insn(struct isa_slot slot)
{
    return (skep_insn){
        .opcode = slot.opcode,
        .registers = (uint8_t)(slot.src << 4 | slot.dst),
        .offset = slot.off,
        .imm = slot.imm,
    };
}

static skep_status api_isa_give_slots(const struct isa_asm *as, skep_insn **insns, size_t *count)
{
    skep_insn *out = malloc(as->slots.n * sizeof *out + !as->slots.n);
    if (!out)
        return SKEP_NOMEM;
    for (u32 i = 0; i < as->slots.n; i++)
        out[i] = api_isa_insn(as->slots.data[i]);
    *insns = out;
    *count = as->slots.n;
    return SKEP_OK;
}

skep_status skep_assemble(const char *text, skep_insn **insns, size_t *count, skep_error *error)
{
    if (!text || !insns || !count)
        return RAISE(error, SKEP_BAD_ARG, BAD_ARG, STR("skep_assemble"), STR("NULL argument"));
    struct mem mem;
    mem_init(&mem, NULL, 0);
    struct isa_asm as = { .mem = &mem };
    skep_status status = isa_assemble(&as, text, strlen(text), error);
    if (status == SKEP_OK)
        status = api_isa_give_slots(&as, insns, count);
    isa_asm_drop(&as);
    return status;
}

/* The slots in the internal form; NULL when there is no memory for them. */
static struct isa_slot *api_isa_slots(const skep_insn *insns, size_t count)
{
    struct isa_slot *slots = malloc(count * sizeof *slots + !count);
    for (size_t i = 0; slots && i < count; i++)
        slots[i] = api_isa_slot(insns[i]);
    return slots;
}

/* One line; returns how many slots it stands for. */
static u32 api_isa_print_line(struct text *text, const struct isa_slot *slots, u32 left)
{
    struct insn insn;
    u32 n = 1;
    if (isa_decode(slots, left, 0, &insn, NULL) == SKEP_OK) {
        isa_print(text, &insn);
        n = insn_slots(&insn);
    } else {
        u8 bytes[8];
        isa_slot_write(slots[0], bytes, false);
        text_printf(text, ".8byte 0x%016" PRIx64, load_u64(bytes, false));
    }
    text_char(text, '\n');
    return n;
}

static char *api_isa_copy_text(const struct text *text)
{
    char *out = text->failed ? NULL : malloc(text->length + 1);
    if (out)
        memcpy(out, text_cstr(text), text->length + 1);
    return out;
}

skep_status skep_disassemble(const skep_insn *insns, size_t count, char **text)
{
    if ((!insns && count) || !text)
        return SKEP_BAD_ARG;
    if (count > API_ISA_SLOTS_MAX)
        return SKEP_LIMIT;
    struct isa_slot *slots = api_isa_slots(insns, count);
    if (!slots)
        return SKEP_NOMEM;
    struct mem mem;
    struct text lines;
    mem_init(&mem, NULL, 0);
    text_init(&lines, &mem);
    for (u32 i = 0; i < count;)
        i += api_isa_print_line(&lines, slots + i, (u32)count - i);
    char *out = api_isa_copy_text(&lines);
    text_drop(&lines);
    free(slots);
    if (!out)
        return SKEP_NOMEM;
    *text = out;
    return SKEP_OK;
}

skep_status skep_check_structure(const skep_insn *insns, size_t count, skep_error *error)
{
    if (!insns && count)
        return RAISE(error, SKEP_BAD_ARG, BAD_ARG, STR("skep_check_structure"),
                     STR("NULL argument"));
    if (count > API_ISA_SLOTS_MAX)
        return RAISE(error, SKEP_LIMIT, BAD_ARG, STR("skep_check_structure"),
                     STR("too many instructions"));
    struct isa_slot *slots = api_isa_slots(insns, count);
    if (!slots)
        return RAISE(error, SKEP_NOMEM, NOMEM, STR("structural check"));
    skep_status status = isa_check_structure(slots, (u32)count, error);
    free(slots);
    return status;
}

const char *skep_isa_group(unsigned i)
{
    return i < ISA_GROUP_COUNT ? isa_group_name((enum isa_group)i) : NULL;
}

#undef API_ISA_SLOTS_MAX
