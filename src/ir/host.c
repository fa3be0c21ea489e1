/* Host code as text. */
#include "ir/host.h"

static const char *const host_op_names[] = {
#define H(NAME) #NAME,
    HOST_OPS(H)
#undef H
};

/* How the operands of a host op of our own are written. */
static void host_print_own(struct text *out, const struct host_insn *insn)
{
    text_string(out, host_op_names[insn->op - ISA_OP_COUNT]);
    switch ((enum host_op)insn->op) {
    case HOST_CHARGE: text_printf(out, " %" PRIu64, insn->imm); break;
    case HOST_CONST: text_printf(out, " r%u = 0x%" PRIx64, insn->dst, insn->imm); break;
    case HOST_CTX_LOAD_B:
    case HOST_CTX_LOAD_H:
    case HOST_CTX_LOAD_W:
    case HOST_CTX_LOAD_DW:
        text_printf(out, " r%u = [r%u + %d]", insn->dst, insn->src, insn->off);
        break;
    case HOST_CTX_STORE_B:
    case HOST_CTX_STORE_H:
    case HOST_CTX_STORE_W:
    case HOST_CTX_STORE_DW:
        text_printf(out, " [r%u + %d] = r%u", insn->dst, insn->off, insn->src);
        break;
    case HOST_GUARD:
        text_printf(out, " r%u%+d, %u of %u", insn->dst, insn->off, host_guard_bytes(insn->imm),
                    host_guard_limit(insn->imm));
        break;
    case HOST_CALL:
    case HOST_CALL_PURE: text_printf(out, " 0x%" PRIx64, insn->imm); break;
    case HOST_TAIL_CALL:
    case HOST_TRAP:
    case HOST_FIRST:
    case HOST_OP_COUNT: break;
    }
}

/* The ISA's text with the host's target in place of the distance, which is the text's last word. */
static void host_print_isa(struct text *out, const struct host_insn *insn)
{
    struct insn isa = { .op = insn->op, .dst = insn->dst, .src = insn->src, .imm = insn->imm };
    bool has_target = insn_is_jump(&isa) || isa.op == ISA_CALL_LOCAL;
    char buffer[96];
    struct text line;
    isa.off = has_target ? 0 : insn->off;
    text_init_fixed(&line, buffer, sizeof(buffer));
    isa_print(&line, &isa);
    char *last_word = strrchr(buffer, ' ');
    if (has_target && last_word) {
        *last_word = 0;
        text_printf(out, "%s @%u", buffer, insn->target);
    } else {
        text_string(out, buffer);
    }
}

void host_print_insn(struct text *out, const struct host_insn *insn)
{
    if (insn->op < ISA_OP_COUNT)
        host_print_isa(out, insn);
    else
        host_print_own(out, insn);
}

void host_print(struct text *out, const struct host_code *host)
{
    for (u32 f = 0; f < host->n_funcs; f++) {
        const struct host_func *func = &host->funcs[f];
        text_printf(out, "%s%s:\n", f ? "\n" : "", host->code->funcs[func->origin].name);
        for (u32 i = func->entry; i < func->end; i++) {
            text_printf(out, "%8u  ", i);
            host_print_insn(out, &host->insns[i]);
            text_pad_to(out, 50);
            text_printf(out, " ; %u\n", host->code->slot_of[host->insns[i].origin]);
        }
    }
}
