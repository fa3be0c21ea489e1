/* docs/hooks.md: every program type, its sections and its context. */
#include "hook/hook.h"

#include "docs/page.h"

static const char introduction[] =
    "# Program types\n"
    "\n"
    "This page is generated from the descriptors in src/hook/; `make docs` writes it anew.\n"
    "\n"
    "In a section pattern `+` stands for nothing or for `/` or `.` and any rest, a `/` at the end "
    "for\n"
    "any rest. *Contract only*: objects with such programs open, and running one is refused by "
    "the\n"
    "type's name. Context offsets and sizes are those of <linux/bpf.h>.\n";

static const char *const kind_names[] = {
    [SKEP_FIELD_SCALAR] = "number",
    [SKEP_FIELD_PACKET] = "packet",
    [SKEP_FIELD_PACKET_META] = "packet metadata",
    [SKEP_FIELD_PACKET_END] = "packet end",
    [SKEP_FIELD_SOCK] = "socket",
    [SKEP_FIELD_POINTER] = "pointer",
    [SKEP_FIELD_POINTER_END] = "pointer end",
    [SKEP_FIELD_BTF_PTR] = "typed pointer",
};

static const char *const ctx_names[] = {
    [SKEP_CTX_FIELDS] = "fields",
    [SKEP_CTX_MEMORY] = "memory: r1 its address, r2 its size",
    [SKEP_CTX_ARGS] = "an array of 64-bit arguments",
    [SKEP_CTX_NONE] = "none",
};

static void write_sections(struct text *out, const struct skep_hook *hook)
{
    for (u32 i = 0; hook->sections && hook->sections[i]; i++)
        text_printf(out, "%s`%s`", i ? " " : "", hook->sections[i]);
}

static void write_verdicts(struct text *out, const struct skep_hook *hook)
{
    if (!hook->verdicts)
        return;
    text_string(out, "Verdicts:");
    for (u32 i = 0; hook->verdicts[i]; i++)
        text_printf(out, " %u %s", i, hook->verdicts[i]);
    text_string(out, ".\n\n");
}

static void write_range(struct text *out, s64 lo, s64 hi)
{
    if (lo == hi)
        text_printf(out, "%lld", (long long)lo);
    else
        text_printf(out, "%lld to %lld", (long long)lo, (long long)hi);
}

static void write_returns(struct text *out, const struct skep_hook *hook)
{
    bool all = hook->ret_lo || hook->ret_hi;
    if (!all && !hook->n_returns)
        return;
    text_string(out, "r0 at the end:");
    if (all) {
        text_char(out, ' ');
        write_range(out, hook->ret_lo, hook->ret_hi);
    }
    for (u32 i = 0; i < hook->n_returns; i++) {
        text_printf(out, "%s in `%s` ", i || all ? "," : "", hook->returns[i].section);
        write_range(out, hook->returns[i].lo, hook->returns[i].hi);
    }
    text_string(out, ".\n\n");
}

static void write_fields(struct text *out, const struct skep_hook *hook)
{
    if (!hook->n_fields)
        return;
    text_string(out, "| offset | size | field | kind | access |\n|---:|---:|---|---|---|\n");
    for (u32 i = 0; i < hook->n_fields; i++) {
        const struct skep_ctx_field *f = &hook->fields[i];
        text_printf(out, "| %u | %u | %s | %s | %s%s%s |\n", f->offset, f->size, f->name,
                    kind_names[f->kind], f->access & SKEP_FIELD_READ ? "r" : "",
                    f->access & SKEP_FIELD_WRITE ? "w" : "", f->host_size ? "" : ", always 0");
    }
    text_char(out, '\n');
}

static void write_hook(struct text *out, const struct skep_hook *hook)
{
    text_printf(out, "\n## %s\n\nType %u; %s. Sections: ", hook->name, hook->id,
                hook->flags & SKEP_HOOK_CONTRACT_ONLY ? "contract only" : "runs");
    write_sections(out, hook);
    text_printf(out, ". Context: %s", ctx_names[hook->ctx_kind]);
    if (hook->ctx_size)
        text_printf(out, ", %u bytes", hook->ctx_size);
    text_string(out, ".\n\n");
    write_verdicts(out, hook);
    write_returns(out, hook);
    write_fields(out, hook);
}

static void write_page(struct text *out)
{
    u32 n_run = 0;
    for (u32 i = 0; i < n_hooks; i++)
        n_run += !(hooks[i]->flags & SKEP_HOOK_CONTRACT_ONLY);
    text_string(out, introduction);
    text_printf(out, "\n%u program types, of which %u run.\n", n_hooks, n_run);
    for (u32 i = 0; i < n_hooks; i++)
        write_hook(out, hooks[i]);
}

int main(int argc, char **argv) { return page_main(argc, argv, write_page); }
