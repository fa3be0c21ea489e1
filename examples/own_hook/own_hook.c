/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program type and a helper of an application's own: tables of descriptors, registered with the
 * env, with which the library loads, checks and runs programs as it does those of Linux.
 *
 *     own_hook limit.bpf.o */
#include <skep/skep.h>

#include <stddef.h>
#include <stdio.h>

#include "request.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The server's own idea of a request. */
struct request {
    const char *path;
    uint64_t bytes;
    uint32_t client;
    uint16_t priority;
    char method;
    int seen_this_second;
};

/* How the program's view maps to it: a load of ctx->bytes becomes a load of the low 4 bytes of
 * request.bytes, and so on. */
/* clang-format off */
#define VIEW(field) .name = #field, .offset = offsetof(struct request_ctx, field), \
                    .size = sizeof(((struct request_ctx *)0)->field)
#define HOST(field, bytes) .host_offset = offsetof(struct request, field), .host_size = bytes
static const struct skep_ctx_field request_fields[] = {
    {VIEW(client),   HOST(client, 4),   .access = SKEP_FIELD_READ},
    {VIEW(method),   HOST(method, 1),   .access = SKEP_FIELD_READ},
    {VIEW(bytes),    HOST(bytes, 4),    .access = SKEP_FIELD_READ},
    {VIEW(priority), HOST(priority, 2), .access = SKEP_FIELD_READ | SKEP_FIELD_WRITE},
    {VIEW(path),     HOST(path, 8),     .access = SKEP_FIELD_READ, .kind = SKEP_FIELD_POINTER,
     .bytes = REQUEST_PATH_BYTES},
};
/* clang-format on */

static const char *const request_sections[] = { "request+", NULL };
static const char *const request_verdicts[] = { "allow", "deny", "later", NULL };
static const struct skep_hook request_hook = {
    .size = sizeof request_hook,
    .name = "request",
    .sections = request_sections,
    .id = 1000,
    .personality = SKEP_APPLICATION,
    .ctx_kind = SKEP_CTX_FIELDS,
    .ctx_size = sizeof(struct request_ctx),
    .fields = request_fields,
    .n_fields = COUNT(request_fields),
    .families = SKEP_FAMILY_BASE | SKEP_FAMILY_APPLICATION,
    .ret_lo = REQUEST_ALLOW,
    .ret_hi = REQUEST_LATER,
    .verdicts = request_verdicts,
};

static uint64_t requests_this_second(skep_thread *thread, uint64_t client, uint64_t a2, uint64_t a3,
                                     uint64_t a4, uint64_t a5)
{
    const struct request *request = skep_thread_ctx(thread);
    (void)a2, (void)a3, (void)a4, (void)a5;
    return client == request->client ? (uint64_t)request->seen_this_second : 0;
}

static const struct skep_helper request_helper = {
    .size = sizeof request_helper,
    .name = "requests_this_second",
    .run = requests_this_second,
    .id = REQUEST_HELPER_ID,
    .personality = SKEP_APPLICATION,
    .family = SKEP_FAMILY_APPLICATION,
    .args = { { .kind = SKEP_ARG_SCALAR } },
    .ret = { .kind = SKEP_RET_INTEGER },
};

static int fail(const char *what, skep_status status, const skep_error *error)
{
    char text[256];
    skep_error_text(error, text, sizeof text);
    fprintf(stderr, "%s: %s: %s\n", what, skep_status_name(status), text);
    return 1;
}

int main(int n, char **args)
{
    const struct skep_hook *const hooks[] = { &request_hook };
    const struct skep_helper *const helpers[] = { &request_helper };
    const struct skep_env_options options = { .size = sizeof options,
                                              .hooks = hooks,
                                              .n_hooks = COUNT(hooks),
                                              .helpers = helpers,
                                              .n_helpers = COUNT(helpers) };
    static const char index_path[REQUEST_PATH_BYTES] = "/index.html";
    static const char hidden_path[REQUEST_PATH_BYTES] = "/.secret";
    struct request requests[] = {
        { .path = index_path, .client = 7, .method = 'G', .bytes = 100 },
        { .path = hidden_path, .client = 7, .method = 'G', .bytes = 100 },
        { .path = index_path, .client = 8, .method = 'P', .bytes = 2 << 20 },
        { .path = index_path, .client = 9, .method = 'P', .bytes = 10, .seen_this_second = 3 },
    };
    skep_error error = { 0 };
    skep_env *env = NULL;
    skep_object *object = NULL;
    skep_program *program = NULL;
    skep_thread *thread = NULL;
    if (n != 2) {
        fprintf(stderr, "usage: %s OBJECT\n", args[0]);
        return 2;
    }
    skep_status status = skep_env_new(&options, &env, &error);
    if (!status)
        status = skep_object_open_file(env, args[1], &object, &error);
    if (!status)
        status = skep_program_load(object, "limit", NULL, &program, &error);
    if (!status)
        status = skep_thread_new(env, NULL, &thread);
    if (status)
        return fail(args[1], status, &error);
    for (size_t i = 0; i < COUNT(requests); i++) {
        uint64_t verdict;
        status = skep_run(thread, program, &requests[i], &verdict);
        if (status)
            return fail("the run", status, &skep_thread_fault(thread)->error);
        printf("client %u %s: %s, priority %u\n", requests[i].client, requests[i].path,
               request_verdicts[verdict], requests[i].priority);
    }
    skep_thread_free(thread);
    skep_program_free(program);
    skep_object_close(object);
    skep_env_free(env);
    return 0;
}
