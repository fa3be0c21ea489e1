/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every Skep header shares: statuses, error reports, handles, the allocator.
 *
 * Thread safety: the functions here are pure; an error report belongs to whoever made it. */
#ifndef SKEP_BASE_H
#define SKEP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SKEP_API __attribute__((visibility("default")))
#else
#define SKEP_API
#endif

#define SKEP_VERSION_MAJOR 0
#define SKEP_VERSION_MINOR 1
#define SKEP_VERSION_PATCH 0

/* How a call ended.  Anything but SKEP_OK leaves the outputs of the call untouched. */
typedef enum skep_status {
    SKEP_OK = 0,
    SKEP_NOMEM,       /* the allocator refused, or the env's memory limit is reached */
    SKEP_BAD_ARG,     /* the caller broke the contract of the function */
    SKEP_MALFORMED,   /* the input (object, BTF, bytecode, text) is not well formed */
    SKEP_UNSUPPORTED, /* well formed, but it needs something that this host or build lacks */
    SKEP_LIMIT,       /* a limit of the options or of the format was passed */
    SKEP_NOT_FOUND,   /* no such program, map, symbol, file */
    SKEP_EXISTS,      /* the name or id is taken */
    SKEP_STATE,       /* the object is not in the state that the call needs */
    SKEP_IO,          /* the system refused; errno is left as it was set */
    SKEP_REJECTED,    /* the program is not safe by the profile asked for; see the report */
    SKEP_TRAP,        /* a run was stopped by a fault; see skep_thread_fault() */
    SKEP_FUEL,        /* a run was stopped because its fuel was used up */
    SKEP_CANCELLED,   /* a run was stopped by skep_thread_cancel() */
} skep_status;

/* The name of a status, such as "SKEP_NOMEM".  Static storage. */
SKEP_API const char *skep_status_name(skep_status status);

/* "0.1.0".  Static storage. */
SKEP_API const char *skep_version(void);

/* The five nouns; all are opaque. */
typedef struct skep_env skep_env;
typedef struct skep_object skep_object;
typedef struct skep_program skep_program;
typedef struct skep_map skep_map;
typedef struct skep_thread skep_thread;

/* An error report: an id with typed arguments, rendered on demand.  The caller owns it, usually on
 * its stack, zero-initialised; it holds no pointers.  The fields are private. */
#define SKEP_ERROR_ARGS 8
#define SKEP_ERROR_POOL 448
typedef struct skep_error {
    uint32_t id; /* 0: nothing to report */
    uint16_t n_args;
    uint16_t pool_used;
    uint64_t args[SKEP_ERROR_ARGS]; /* a number, or the offset of a string in pool */
    char pool[SKEP_ERROR_POOL];
} skep_error;

/* The stable id of a report, such as "elf-section-outside-file"; "" for an empty report. */
SKEP_API const char *skep_error_id(const skep_error *error);

/* Renders a report as one line of text, or as a JSON object {"id": …, "text": …, "<arg>": …}.
 * At most size bytes are written, always NUL-terminated when size > 0.  Returns the length that the
 * whole rendering has, as snprintf does. */
SKEP_API size_t skep_error_text(const skep_error *error, char *out, size_t size);
SKEP_API size_t skep_error_json(const skep_error *error, char *out, size_t size);

/* Where memory comes from.  resize(user, p, old, new): like realloc, with sizes; p NULL allocates,
 * new 0 frees and returns NULL; blocks are aligned as by malloc.  Must be thread-safe when handles
 * made with it are used from several threads. */
struct skep_allocator {
    void *(*resize)(void *user, void *block, size_t old_size, size_t new_size);
    void *user;
};

#ifdef __cplusplus
}
#endif
#endif
