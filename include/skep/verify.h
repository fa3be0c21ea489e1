/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Verification: is a program safe, shown without running it; and if not, why.
 *
 * What safe means is a profile (enum skep_profile).  A program that is accepted accesses only
 * memory that it may, gives back what it acquires, and ends.  A rejected program is a result, not
 * an error.
 *
 * Thread safety: as the object. */
#ifndef SKEP_VERIFY_H
#define SKEP_VERIFY_H

#include <skep/program.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_verify_options {
    size_t size; /* sizeof(struct skep_verify_options) */
    enum skep_profile profile;
    bool fuel;    /* loops need not be proved to end: runs are metered */
    bool aligned; /* misaligned accesses are refused, as on machines that have none */
    struct skep_verify_limits limits;
    skep_map *const *maps; /* of bytecode without an object: its maps, by position */
    size_t n_maps;
};

enum skep_verdict_kind {
    SKEP_VERDICT_ACCEPTED,
    SKEP_VERDICT_REJECTED,    /* the diagnostic says what cannot be shown */
    SKEP_VERDICT_UNSUPPORTED, /* the program asks for what Skep does not know */
    SKEP_VERDICT_GAVE_UP,     /* a limit was passed */
};

#define SKEP_VERDICT_BRANCHES 16
#define SKEP_VERDICT_NO_REGISTER 255u

struct skep_verdict {
    enum skep_verdict_kind kind;
    skep_error diagnostic;     /* empty when accepted */
    uint32_t slot;             /* of the instruction that it is about */
    const char *file, *source; /* of that instruction, "" when unknown; the program's */
    uint32_t line, column;     /* 0: unknown */
    uint8_t reg;               /* that it is about; SKEP_VERDICT_NO_REGISTER: none */
    char holds[160];           /* what is known of that register, as text */
    /* The branches on the way, the latest first. */
    uint32_t n_branches;
    struct skep_verdict_branch {
        uint32_t slot, line;
        bool taken;
        const char *source;
    } branches[SKEP_VERDICT_BRANCHES];
    uint32_t insns;   /* in the program, subprograms included */
    uint64_t visited; /* instructions interpreted */
    uint32_t states;  /* the most that were kept at once */
    uint64_t peak_bytes, ns;
    const char *method; /* which engine decided; static storage */
};

/* Verifies one program of an object (name NULL: the first).  Strings in the verdict live as long as
 * the object.  SKEP_NOT_FOUND; SKEP_BAD_ARG; SKEP_NOMEM; SKEP_OK with any verdict. */
SKEP_API skep_status skep_verify(skep_object *object, const char *name,
                                 const struct skep_verify_options *options,
                                 struct skep_verdict *verdict, skep_error *error);

#ifdef __cplusplus
}
#endif
#endif
