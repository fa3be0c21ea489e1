/* Reading one statement: which instruction does a piece of text spell?  Private to isa/. */
#ifndef SKEP_SRC_ISA_MATCH_H
#define SKEP_SRC_ISA_MATCH_H

#include "isa/isa.h"

/* The field that a label's distance goes into. */
enum match_field { MATCH_NO_LABEL, MATCH_LABEL_OFF, MATCH_LABEL_IMM };

/* Why a text did not match; of two reasons at one place the later one here tells more. */
enum match_reason { MATCH_SYNTAX, MATCH_REGISTER, MATCH_RANGE };

struct match_word {
    const char *at;
    size_t length;
};

struct match_failure {
    const char *at;
    enum match_reason reason;
};

struct match {
    const char *at, *end; /* what is left of the statement, without comments at its end */
    bool listing;         /* the line began with `(b7)`, as in the kernel's logs */
    u8 opcode;            /* … and only rows with this opcode count */

    struct insn insn;
    enum match_field label_field;
    struct match_word label;

    u8 bound;                     /* ISA_D, ISA_S: registers that the text named already */
    struct match_failure failure; /* the furthest */
};

/* Fills insn and the label, or failure. */
bool match_statement(struct match *match);

/* The pieces that directives and labels are made of, too.  They advance `at` on success. */
void match_blanks(struct match *match);
bool match_char(struct match *match, char c);
bool match_name(struct match *match, struct match_word *out);
bool match_number(struct match *match, s64 lowest, u64 highest, u64 *out);

#endif
