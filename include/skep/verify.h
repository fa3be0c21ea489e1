/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Verification: is a program safe, shown without running it; and if not, why.
 *
 * What safe means is a profile (enum skep_profile).  A program that is accepted accesses only
 * memory that it may, gives back what it acquires, and ends.  A rejected program is a result, not
 * an error.
 *
 * Loading (program.h) verifies, too; this is for asking alone.
 *
 * Thread safety: as the object; skep_verdict_text is pure. */
#ifndef SKEP_VERIFY_H
#define SKEP_VERIFY_H

#include <skep/program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an accepted program's verification knows at every instruction (inspect.h). */
typedef struct skep_facts skep_facts;

struct skep_verify_options {
    size_t size;               /* sizeof(struct skep_verify_options) */
    enum skep_profile profile; /* 0: strict */
    bool fuel;                 /* loops need not be proved to end: runs are metered */
    bool guard;                /* offsets that cannot be shown to be good are left to guards */
    bool aligned;              /* misaligned accesses are refused, as on machines that have none */
    struct skep_verify_limits limits;
    skep_map *const *maps; /* of bytecode without an object: its maps, by position */
    size_t n_maps;
    /* Made when the program is accepted, else NULL; the caller frees it.  NULL: not wanted.  The
     * verification then keeps what it knows everywhere, and takes more time and memory. */
    skep_facts **facts;
};

enum skep_verdict_kind {
    SKEP_VERDICT_ACCEPTED,
    SKEP_VERDICT_REJECTED,    /* the diagnostic says what cannot be shown */
    SKEP_VERDICT_UNSUPPORTED, /* the program asks for what Skep does not know */
    SKEP_VERDICT_GAVE_UP,     /* a limit was passed */
};

#define SKEP_VERDICT_BRANCHES 8
#define SKEP_VERDICT_NO_REGISTER 255u

/* A place in a program.  Strings are never NULL; "" and 0: unknown. */
struct skep_verdict_place {
    bool known; /* false: there is none, nothing below is set */
    uint32_t slot;
    uint32_t line, column;
    const char *file, *source; /* the text of the line */
    char insn[56];             /* the instruction's */
};

/* What a register may hold. */
struct skep_verdict_value {
    const char *kind; /* "a number", "the packet"; static storage */
    bool is_pointer, nullable;
    uint64_t umin, umax; /* the number, or the pointer's offset; as unsigned and as signed */
    int64_t smin, smax;
    uint64_t bits, unknown_bits; /* bits that are known, and those that are not */
};

struct skep_verdict {
    enum skep_verdict_kind kind;
    skep_error diagnostic; /* empty when accepted */
    const char *advice;    /* what usually helps; "": nothing; static storage */
    struct skep_verdict_place at;
    uint8_t reg;                      /* that it is about; SKEP_VERDICT_NO_REGISTER: none */
    struct skep_verdict_value value;  /* what that register may hold there */
    char variable[64];                /* the map or variable that it points into, "" when unknown */
    char holds[160];                  /* value and variable as text */
    struct skep_verdict_place origin; /* where it got what it holds, or held before it was lost */
    struct skep_verdict_place lost;   /* the call that ended that */
    /* The branches on the way that concern it (when none is known to: the last ones), the latest
     * first. */
    uint32_t n_branches;
    struct skep_verdict_branch {
        struct skep_verdict_place at;
        bool taken;
        uint32_t to_slot, to_line; /* where it led */
    } branches[SKEP_VERDICT_BRANCHES];
    uint32_t insns;   /* in the program, subprograms included */
    uint64_t visited; /* instructions interpreted */
    uint32_t states;  /* the most that were kept at once */
    uint64_t peak_bytes, ns;
    uint32_t guards;    /* accesses that are left to guards */
    uint32_t ctx_bytes; /* of plain memory as context: what every run must give */
    const char *method; /* which engine decided; static storage */
};

/* Verifies one program of an object (name NULL: the first).  Strings in the verdict live as long as
 * the object.  SKEP_NOT_FOUND; SKEP_BAD_ARG; SKEP_NOMEM; SKEP_OK with any verdict. */
SKEP_API skep_status skep_verify(skep_object *object, const char *name,
                                 const struct skep_verify_options *options,
                                 struct skep_verdict *verdict, skep_error *error);

/* A verdict as text, for its program's author: a line when accepted, else at most 15, each ended
 * by a newline: what is wrong where, what is known there, how control came there, what to do.  At
 * most size bytes are written, NUL-terminated when size > 0.  Returns the length that the whole
 * text has, as snprintf does. */
SKEP_API size_t skep_verdict_text(const struct skep_verdict *verdict, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
