/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a server lets its BPF programs see of a request.  The program's view; the server's own
 * struct (own_hook.c) looks different and may change. */
#ifndef REQUEST_H
#define REQUEST_H

#include <linux/types.h>

enum request_verdict { REQUEST_ALLOW, REQUEST_DENY, REQUEST_LATER };

#define REQUEST_PATH_BYTES 64

struct request_ctx {
    __u32 client;
    __u32 method; /* 'G', 'P', … */
    __u32 bytes;
    __u32 priority;   /* the program may change it */
    const char *path; /* REQUEST_PATH_BYTES, NUL-padded */
};

#define REQUEST_HELPER_ID 1000 /* requests of that client in this second */

#endif
