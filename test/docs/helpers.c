/* docs/helpers.md: every helper and its contract. */
#include "contract/contract.h"
#include "helper/helper.h"

#include "docs/page.h"

static const char introduction[] =
    "# Helpers\n"
    "\n"
    "This page is generated from the descriptors in src/helper/; `make docs` writes it anew.\n"
    "\n"
    "*Runs*: this library does the work. *Contract only*: a program that calls it is verified and\n"
    "loads; the call ends the run with a fault that names the helper, because the host lacks what "
    "it\n"
    "needs.\n"
    "What a helper does is said in bpf-helpers(7); what it takes, in the columns here. Families "
    "are\n"
    "what program types allow ([hooks](hooks.md)). Which ones are compared with the kernel's, or "
    "why\n"
    "not, is printed by `test/corpora/compared.py build`.\n";

static const char *const arg_names[SKEP_ARG_KIND_COUNT] = {
    [SKEP_ARG_NONE] = "",
    [SKEP_ARG_ANYTHING] = "anything",
    [SKEP_ARG_SCALAR] = "number",
    [SKEP_ARG_CTX] = "context",
    [SKEP_ARG_MAP] = "map",
    [SKEP_ARG_MAP_KEY] = "key",
    [SKEP_ARG_MAP_VALUE] = "value",
    [SKEP_ARG_MEM] = "memory",
    [SKEP_ARG_SIZE] = "size",
    [SKEP_ARG_ALLOC_SIZE] = "size of the result",
    [SKEP_ARG_STRING] = "string",
    [SKEP_ARG_CALLBACK] = "callback",
    [SKEP_ARG_CALLBACK_CTX] = "callback context",
    [SKEP_ARG_RECORD] = "record",
    [SKEP_ARG_SPIN_LOCK] = "spin lock",
    [SKEP_ARG_TIMER] = "timer",
    [SKEP_ARG_KPTR] = "kernel pointer",
    [SKEP_ARG_DYNPTR] = "dynptr",
    [SKEP_ARG_SOCK] = "socket",
    [SKEP_ARG_BTF_PTR] = "typed pointer",
    [SKEP_ARG_ITER] = "iterator",
};

static const struct page_bit family_names[] = {
    { SKEP_FAMILY_BASE, "base" },
    { SKEP_FAMILY_LOCK, "lock" },
    { SKEP_FAMILY_TIMER, "timer" },
    { SKEP_FAMILY_TRACING, "tracing" },
    { SKEP_FAMILY_XDP, "xdp" },
    { SKEP_FAMILY_SKB_READ, "skb-read" },
    { SKEP_FAMILY_SKB_WRITE, "skb-write" },
    { SKEP_FAMILY_SKB_EDIT, "skb-edit" },
    { SKEP_FAMILY_SOCKET, "socket" },
    { SKEP_FAMILY_CGROUP, "cgroup" },
    { SKEP_FAMILY_LWT, "lwt" },
    { SKEP_FAMILY_SK_MSG, "sk-msg" },
    { SKEP_FAMILY_SK_SKB, "sk-skb" },
    { SKEP_FAMILY_SOCK_OPS, "sock-ops" },
    { SKEP_FAMILY_REUSEPORT, "reuseport" },
    { SKEP_FAMILY_SYSCALL, "syscall" },
    { SKEP_FAMILY_LIRC, "lirc" },
    { SKEP_FAMILY_LSM, "lsm" },
    { SKEP_FAMILY_TASK, "task" },
    { SKEP_FAMILY_NET, "net" },
    { SKEP_FAMILY_LOOKUP, "lookup" },
};

static const struct page_bit effect_names[] = {
    { SKEP_MOVES_PACKET, "moves-packet" },
    { SKEP_TAIL_CALLS, "tail-calls" },
    { SKEP_CALLS_BACK, "calls-back" },
    { SKEP_SLEEPS, "sleeps" },
    { SKEP_GPL_ONLY, "gpl-only" },
    { SKEP_LOCKS, "locks" },
    { SKEP_UNLOCKS, "unlocks" },
    { SKEP_PURE, "pure" },
    { SKEP_ITERATES, "iterates" },
    { SKEP_THROWS, "throws" },
    { SKEP_OPENS_RCU, "opens-rcu" },
    { SKEP_CLOSES_RCU, "closes-rcu" },
    { SKEP_OPENS_PREEMPT, "opens-preempt" },
    { SKEP_CLOSES_PREEMPT, "closes-preempt" },
    { SKEP_LOOKS_UP, "looks-up" },
    { SKEP_MORE_ARGS, "more-args" },
};

static const char *const ret_names[] = {
    [SKEP_RET_INTEGER] = "number",
    [SKEP_RET_VOID] = "nothing",
    [SKEP_RET_MAP_VALUE] = "map value",
    [SKEP_RET_MEM] = "memory",
    [SKEP_RET_SOCK] = "socket",
    [SKEP_RET_BTF_PTR] = "typed pointer",
    [SKEP_RET_CPU_PTR] = "per-CPU variable",
};

static void write_arg(struct text *out, const struct skep_arg *arg)
{
    text_string(out, arg_names[arg->kind]);
    if (arg->kind == SKEP_ARG_BTF_PTR)
        text_printf(out, " to %s", contract_type_name(arg->type));
    if (arg->bytes)
        text_printf(out, " of %u", arg->bytes);
    bool reads = arg->flags & SKEP_ARG_READ, writes = arg->flags & SKEP_ARG_WRITE;
    if (reads || writes)
        text_printf(out, " (%s%s)", reads ? "r" : "", writes ? "w" : "");
    if (arg->flags & (SKEP_ARG_NULLABLE | SKEP_ARG_ZERO_OK))
        text_char(out, '?');
}

static void write_args(struct text *out, const struct skep_helper *helper)
{
    for (u32 i = 0; i < 5 && helper->args[i].kind != SKEP_ARG_NONE; i++) {
        text_string(out, i ? ", " : "");
        write_arg(out, &helper->args[i]);
    }
}

static void write_ret(struct text *out, const struct skep_ret *ret)
{
    static const char *const sockets[] = {
        [SKEP_SOCK_COMMON] = "socket",
        [SKEP_SOCK_FULL] = "full socket",
        [SKEP_SOCK_TCP] = "TCP socket",
        [SKEP_SOCK_KERNEL] = "kernel's socket",
    };
    text_string(out, ret->kind == SKEP_RET_SOCK ? sockets[ret->sock] : ret_names[ret->kind]);
    if (ret->kind == SKEP_RET_BTF_PTR)
        text_printf(out, " to %s", contract_type_name(ret->type));
    if (ret->bytes)
        text_printf(out, " of %u", ret->bytes);
    if (ret->lo || ret->hi)
        text_printf(out, " %" PRId64 "…%" PRId64, ret->lo, ret->hi);
    if (ret->flags & SKEP_RET_NULLABLE)
        text_string(out, " or NULL");
    if (ret->flags & SKEP_RET_ACQUIRES)
        text_string(out, ", to be released");
}

static void write_helper(struct text *out, const struct skep_helper *helper)
{
    bool runs = helper->run || (helper->effects & SKEP_TAIL_CALLS);
    text_printf(out, "| %u | %s | %s | ", helper->id, helper->name,
                runs ? "runs" : "contract only");
    write_args(out, helper);
    text_string(out, " | ");
    write_ret(out, &helper->ret);
    text_string(out, " | ");
    PAGE_BITS(out, helper->family, family_names);
    text_string(out, " | ");
    PAGE_BITS(out, helper->effects, effect_names);
    text_string(out, " |\n");
}

/* In the order of their numbers. */
static const struct skep_helper *next_helper(u8 personality, const struct skep_helper *last)
{
    const struct skep_helper *best = NULL;
    for (u32 i = 0; i < n_helpers; i++)
        if (helpers[i]->personality == personality && (!last || helpers[i]->id > last->id) &&
            (!best || helpers[i]->id < best->id))
            best = helpers[i];
    return best;
}

static void write_table(struct text *out, u8 personality, const char *what)
{
    const struct skep_helper *h = NULL;
    u32 n = 0, n_run = 0;
    while ((h = next_helper(personality, h))) {
        n++;
        n_run += h->run || (h->effects & SKEP_TAIL_CALLS);
    }
    text_printf(out, "\n%u %s, of which %u run.\n\n", n, what, n_run);
    text_string(out, "| id | name | here | arguments | returns | family | effects |\n"
                     "|---:|---|---|---|---|---|---|\n");
    while ((h = next_helper(personality, h)))
        write_helper(out, h);
}

static void write_page(struct text *out)
{
    text_string(out, introduction);
    write_table(out, SKEP_LINUX, "helpers");
    text_string(out,
                "\n## Kernel functions\n\nObjects call them by name (`__ksym`); the numbers are "
                "this library's own.\n");
    write_table(out, SKEP_KFUNC, "kernel functions");
}

int main(int argc, char **argv) { return page_main(argc, argv, write_page); }
