/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs: loaded, with their maps, ready to run (thread.h).
 *
 * Thread safety: a program is immutable; any number of threads may run it at once. */
#ifndef SKEP_PROGRAM_H
#define SKEP_PROGRAM_H

#include <skep/object.h>

#ifdef __cplusplus
extern "C" {
#endif

enum skep_engine {
    SKEP_ENGINE_DEFAULT = 0, /* verified programs: JIT, or INTERP where it is not available;
                                trusted ones: CHECKED */
    SKEP_ENGINE_CHECKED,     /* every access is checked while the program runs */
    SKEP_ENGINE_INTERP,      /* rests on the verification, or on trust */
    SKEP_ENGINE_JIT,  /* machine code: rests on the verification, never on trust.  SKEP_UNSUPPORTED
                         where skep_jit_name() is "" */
    SKEP_ENGINE_NONE, /* any program, whatever the host lacks: for listings (inspect.h); it has
                         no maps, and running it is SKEP_UNSUPPORTED */
};

/* The CPU that programs are compiled for, such as "x86-64"; "": they are not compiled here. */
SKEP_API const char *skep_jit_name(void);

/* Whom to tell where compiled code lies and what it is called. */
enum skep_debugger {
    SKEP_DEBUGGER_PERF = 1, /* a line per function in /tmp/perf-PID.map, for perf(1) */
    SKEP_DEBUGGER_GDB = 2,  /* gdb's "JIT compilation interface" */
};

struct skep_verdict; /* verify.h */

struct skep_load_options {
    size_t size; /* sizeof(struct skep_load_options) */
    enum skep_engine engine;
    enum skep_profile profile; /* 0: strict */
    /* The program is not verified.  INTERP then does whatever it says with the host's memory, so
     * the caller vouches for it; CHECKED stops it at its first wrong step. */
    bool trusted;
    bool may_loop;  /* loops need not be proved to end: fuel stops them.  Not with `unmetered` */
    bool guard;     /* accesses of which only the offset cannot be shown to be good are checked when
                       they happen, and are a fault when it is not.  CHECKED does so for every
                       access; INTERP has no guards and refuses the option */
    bool unmetered; /* INTERP: no fuel at all (cancel does not work either) */
    bool blind;     /* JIT: the program's constants do not appear in its code as they are, so that
                       nobody can plant machine code in them */
    uint32_t debuggers;  /* JIT: enum skep_debugger */
    const char *opt_off; /* JIT: names of passes not to be run, separated by commas, or "all"; as in
                            docs/jit.md.  To test compilers with */
    bool witness; /* CHECKED: the program is verified, and before every instruction of every run
                     what the verifier claims is compared with what is; a claim that is wrong is
                     the fault vm-witness-*.  To test the verifier with */
    bool facts;   /* CHECKED: the same of what compilers are told: vm-fact-violated */
    /* Default budget of a run; 0: 2^32.  JIT: 0 without `may_loop` is none, and the code then
     * neither counts fuel nor looks whether it is cancelled: a verified program ends by itself. */
    uint64_t fuel;
    struct skep_verify_limits limits; /* of the verification */
    /* Filled in when the load verifies: of the program that was refused, else of the one that was
     * asked for.  May be NULL.  Its strings live as long as the object. */
    struct skep_verdict *verdict;
    /* Maps of the object's env to be used where the names agree: this program's, and before those
     * the ones in `maps`. */
    const skep_program *share;
    skep_map *const *maps;
    size_t n_maps;
};

/* Links, verifies and prepares one program of an object, and makes the maps that it needs and that
 * are neither given nor shared.  name NULL: the only or first program.  options may be NULL.
 * SKEP_NOT_FOUND; SKEP_REJECTED, SKEP_UNSUPPORTED, SKEP_MALFORMED, SKEP_LIMIT (of the
 * verification): error says why, options.verdict also where. */
SKEP_API skep_status skep_program_load(skep_object *object, const char *name,
                                       const struct skep_load_options *options,
                                       skep_program **program, skep_error *error);
/* Drops the handle.  Runs under way end undisturbed. */
SKEP_API void skep_program_free(skep_program *program);

SKEP_API const char *skep_program_name(const skep_program *program);
SKEP_API const struct skep_hook *skep_program_hook(const skep_program *program);
SKEP_API enum skep_engine skep_program_engine(const skep_program *program);
/* Whether runs use fuel and can be cancelled. */
SKEP_API bool skep_program_is_metered(const skep_program *program);
/* Of a verified program of a SKEP_CTX_MEMORY hook: how many bytes of memory every run must give, or
 * it is SKEP_BAD_ARG; what it accesses beyond them it compares with the size first.  Else 0. */
SKEP_API uint32_t skep_program_ctx_bytes(const skep_program *program);
/* Bytes of the code that the engine made of the program. */
SKEP_API size_t skep_program_code_bytes(const skep_program *program);

/* A map of the program by name, or by position; NULL when there is none.  The program keeps its
 * reference; the pointer is valid while the program is. */
SKEP_API skep_map *skep_program_map(const skep_program *program, const char *name);
SKEP_API skep_map *skep_program_map_at(const skep_program *program, size_t i);

#ifdef __cplusplus
}
#endif
#endif
