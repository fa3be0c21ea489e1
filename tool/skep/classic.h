/* Classic BPF as people have it: an expression in tcpdump's language, or the text of
 * `tcpdump -ddd`. */
#ifndef SKEP_TOOL_CLASSIC_H
#define SKEP_TOOL_CLASSIC_H

#include <skep/skep.h>
#include <stdbool.h>
#include <stddef.h>

struct classic_code {
    struct skep_classic_insn *insns; /* malloc'ed */
    size_t n;
};

/* libpcap compiles it for packets of a link type (DLT_…).  `len` in an expression is how long a
 * packet was before its capture cut it off, and no packet of ours is longer than its bytes: the
 * filter takes that from the packet's mark.  STATUS_OK, or said. */
int classic_compile(const char *expression, int link_type, struct classic_code *out);

/* Whether a file looks like decimal numbers only. */
bool classic_is_text(const char *text, size_t size);
/* The number of instructions, then four numbers for each: code jt jf k; blanks, newlines or commas
 * between them.  STATUS_OK, or said, with the path. */
int classic_parse(const char *path, const char *text, struct classic_code *out);

/* A program of type socket_filter.  what: the path or expression, for messages. */
int classic_object(skep_env *env, const char *what, const struct classic_code *code,
                   skep_object **object);

#endif
