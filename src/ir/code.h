/* CODE: one linked program, decoded once.  Index positions are instruction indexes; LDDW is one
 * instruction.  References are indexes: LDDW_MAP(i), LDDW_MAP_VALUE(i, offset) name a map of the
 * program's map list; LDDW_CODE and CALL_LOCAL name the entry of a function, in bytecode by its
 * distance in slots from the slot after their first. */
#ifndef SKEP_SRC_IR_CODE_H
#define SKEP_SRC_IR_CODE_H

#include "isa/isa.h"

#define CODE_NONE UINT32_MAX
#define CODE_MAX_SLOTS (1u << 24) /* 128 MB of bytecode; Linux takes a million */

struct code_line { /* sorted by insn; holds until the next */
    u32 insn;
    u32 line, column;   /* 1-based; 0: unknown */
    const char *file;   /* "" when unknown */
    const char *source; /* the text of the line, "" when unknown */
};

/* What a function's parameter is by its declaration. */
enum code_arg_kind {
    CODE_ARG_SCALAR,
    CODE_ARG_CTX,    /* the program's context, unchanged */
    CODE_ARG_MEMORY, /* `bytes` to be read and written */
    CODE_ARG_DYNPTR,
    CODE_ARG_TYPED, /* an object of the host's */
};
struct code_arg {
    u8 kind; /* enum code_arg_kind */
    bool nullable;
    u32 bytes; /* MEMORY */
    u16 type;  /* TYPED: enum skep_type */
};
struct code_signature {
    u32 n_args;
    struct code_arg args[5];
};

struct code_func {
    u32 entry, end; /* instructions [entry, end) */
    const char *name;
    bool is_global; /* another may take its place: callers rely on its signature alone */
    const struct code_signature *signature; /* of a global function that has one; else NULL */
};

/* Something to say about one instruction if it is ever reached (a poisoned CO-RE access). */
struct code_note {
    u32 insn;
    const char *text;
};

struct code {
    u32 n_insns, n_slots, n_funcs, n_lines, n_notes;
    const struct insn *insns;
    const u32 *slot_of; /* n_insns + 1 entries: position in 8-byte slots, as listings print it */
    const u32 *target;  /* jumps, CALL_LOCAL, LDDW_CODE: instruction index; else CODE_NONE */
    const u32 *func_of; /* the function an instruction belongs to */
    const struct code_func *funcs; /* sorted by entry; funcs[0] is the main program */
    u32 exception_func; /* is called with what was thrown; 0: that is the program's result */
    const struct code_line *lines;
    const struct code_note *notes;
};

/* Where functions begin, by slot; what the linker knows beyond the bytes.  Line and note `insn`
 * fields hold slots here.  A function ends where the next begins: `end` is not read. */
struct code_input {
    const struct isa_slot *slots;
    u32 n_slots;
    const struct code_func *funcs;
    u32 n_funcs; /* targets of CALL_LOCAL and LDDW_CODE are functions too */
    const struct code_line *lines;
    u32 n_lines;
    const struct code_note *notes;
    u32 n_notes;
    u32 exception_slot; /* of the function for exceptions; 0: none */
};

/* Decodes and checks the structure: every encoding, every target, no fall-through out of a
 * function.  Strings are borrowed, arrays are the arena's.  SKEP_MALFORMED with the slot named. */
skep_status code_build(struct arena *arena, const struct code_input *in, struct code *out,
                       skep_error *err);

/* What Linux refuses in single instructions though the standard defines it : division by
 * an immediate 0, shifts by an immediate of the width or more.  SKEP_REJECTED. */
skep_status code_check_linux(const struct code *code, skep_error *err);

/* NULL when there is none. */
const struct code_line *code_line_at(const struct code *code, u32 insn);
const struct code_note *code_note_at(const struct code *code, u32 insn);
/* Why an instruction may stand there but must not be executed (a note says so, or it writes r10,
 * which is read-only); NULL: it may. */
const char *code_poison_at(const struct code *code, u32 insn);

/* LDDW_MAP_VALUE and friends: the map index and the offset in its value block. */
static inline u32 insn_map_index(const struct insn *insn) { return (u32)insn->imm; }
static inline u32 insn_map_offset(const struct insn *insn) { return (u32)(insn->imm >> 32); }

#endif
