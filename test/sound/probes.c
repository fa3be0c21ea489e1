/* Safe programs that people write, and unsafe twins of them that differ by one token: what the
 * Linux kernel and Skep say to each.
 *
 * That a twin is unsafe is shown by running it on an input on which it faults; that a probe is safe
 * is argued by its author and tried with random inputs.  Fails when one of these does not hold,
 * when a verifier accepts a twin, or when Skep accepts fewer probes than SKEP_ACCEPTS.
 *
 *     probes [--kernel] [--why] [--seed N] SAFE.o UNSAFE.o …
 *
 * --kernel: ask it, too, which takes a minute or two, since it walks every loop; --why: what the
 * verifiers say to what they reject. */
#include "sound/probes.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_PROBES = 200, SKEP_ACCEPTS = 115 };

static const char twin_tag[] = "twin ";

/* ---- the list, from the BTF of the objects */

static void add_functions(const struct btf *btf, const char *safe, const char *unsafe,
                          struct probe *probes, unsigned *n)
{
    for (unsigned id = 1; id < btf__type_cnt(btf) && *n < MAX_PROBES; id++) {
        const struct btf_type *type = btf__type_by_id(btf, id);
        const char *name = btf__name_by_offset(btf, type->name_off);
        if (!btf_is_func(type) || btf_vlen(type) != BTF_FUNC_GLOBAL || !strncmp(name, "sub_", 4))
            continue;
        struct probe *p = &probes[(*n)++];
        snprintf(p->name, sizeof(p->name), "%s", name);
        p->object[SAFE] = safe;
        p->object[TWIN] = unsafe;
    }
}

static void add_twins(const struct btf *btf, struct probe *probes, unsigned n)
{
    for (unsigned id = 1; id < btf__type_cnt(btf); id++) {
        const struct btf_type *type = btf__type_by_id(btf, id);
        if (!btf_is_decl_tag(type))
            continue;
        const char *tag = btf__name_by_offset(btf, type->name_off);
        const struct btf_type *of = btf__type_by_id(btf, type->type);
        const char *name = btf__name_by_offset(btf, of->name_off);
        for (unsigned i = 0; i < n && strncmp(tag, twin_tag, sizeof(twin_tag) - 1) == 0; i++)
            if (btf_is_func(of) && strcmp(probes[i].name, name) == 0) {
                probes[i].has_twin = true;
                snprintf(probes[i].twin_input, sizeof(probes[i].twin_input), "%s",
                         tag + sizeof(twin_tag) - 1);
            }
    }
}

static bool add_object(const char *safe, const char *unsafe, struct probe *probes, unsigned *n)
{
    struct btf *btf = btf__parse_elf(safe, NULL);
    if (!btf) {
        printf("%s: no BTF\n", safe);
        return false;
    }
    add_functions(btf, safe, unsafe, probes, n);
    add_twins(btf, probes, *n);
    btf__free(btf);
    return true;
}

/* ---- the table */

static const char *verdict_text(const struct probe_answer *answer, char text[32])
{
    if (answer->verdict == VERDICT_NONE)
        return "-";
    snprintf(text, 32, "%s %u us", answer->verdict == VERDICT_ACCEPTS ? "accepts" : "rejects",
             answer->us);
    return text;
}

static void print_row(const struct probe *p, bool why)
{
    char cells[4][32];
    printf("%-32s %-18s %-18s", p->name, verdict_text(&p->kernel[SAFE], cells[0]),
           verdict_text(&p->skep[SAFE], cells[1]));
    if (p->has_twin)
        printf(" %-8s %-18s %-18s", p->twin_fault[0] ? "faults" : "no proof",
               verdict_text(&p->kernel[TWIN], cells[2]), verdict_text(&p->skep[TWIN], cells[3]));
    printf("\n");
    if (p->safe_fault[0])
        printf("    it faults: %s\n", p->safe_fault);
    if (why && p->kernel[SAFE].why[0])
        printf("    kernel: %s\n", p->kernel[SAFE].why);
    if (why && p->skep[SAFE].why[0])
        printf("    Skep: %s\n", p->skep[SAFE].why);
    if (why && p->twin_fault[0])
        printf("    twin: %s\n", p->twin_fault);
}

static unsigned count(const struct probe *probes, unsigned n, bool (*is)(const struct probe *p))
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += is(&probes[i]);
    return sum;
}

static bool is_twin(const struct probe *p) { return p->has_twin; }
static bool is_proved(const struct probe *p) { return p->twin_fault[0]; }
static bool faults(const struct probe *p) { return p->safe_fault[0]; }
static bool kernel_rejects(const struct probe *p)
{
    return p->kernel[SAFE].verdict == VERDICT_REJECTS;
}
static bool kernel_takes_twin(const struct probe *p)
{
    return p->kernel[TWIN].verdict == VERDICT_ACCEPTS;
}
static bool skep_accepts(const struct probe *p) { return p->skep[SAFE].verdict == VERDICT_ACCEPTS; }
static bool skep_takes_twin(const struct probe *p)
{
    return p->skep[TWIN].verdict == VERDICT_ACCEPTS;
}

static bool summary(const struct probe *probes, unsigned n, bool verifier, bool kernel)
{
    unsigned twins = count(probes, n, is_twin), proved = count(probes, n, is_proved);
    unsigned bad = count(probes, n, faults), accepted = count(probes, n, skep_accepts);
    unsigned taken = count(probes, n, skep_takes_twin);
    unsigned kernel_taken = count(probes, n, kernel_takes_twin);
    uint64_t insns = 0, runs = 0;
    for (unsigned i = 0; i < n; i++)
        insns += probes[i].insns, runs += probes[i].runs;
    printf("%u safe programs, %u of them fault in %llu runs (%llu instructions)\n", n, bad,
           (unsigned long long)runs, (unsigned long long)insns);
    printf("%u unsafe twins, %u of them shown to fault\n", twins, proved);
    if (kernel)
        printf("kernel: rejects %u safe programs, accepts %u twins\n",
               count(probes, n, kernel_rejects), kernel_taken);
    else
        printf("kernel: not asked\n");
    if (verifier)
        printf("Skep: accepts %u safe programs, %u twins\n", accepted, taken);
    else
        printf("Skep: skipped, there is no verifier\n");
    return bad == 0 && proved == twins && kernel_taken == 0 && taken == 0 &&
           (!verifier || accepted >= SKEP_ACCEPTS);
}

int main(int argc, char **argv)
{
    struct probe *probes = mmap(NULL, MAX_PROBES * sizeof(*probes), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned n = 0;
    bool why = false, kernel = false;
    uint64_t seed = (uint64_t)time(NULL);
    if (probes == MAP_FAILED)
        return 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--why") == 0)
            why = true;
        else if (strcmp(argv[i], "--kernel") == 0)
            kernel = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 0);
        else if (i + 1 >= argc || !add_object(argv[i], argv[i + 1], probes, &n))
            return 2;
        else
            i++;
    }
    if (kernel && !probes_ask_kernel(probes, n)) {
        printf("kernel: skipped, bpf(2) is refused here\n");
        kernel = false;
    }
    bool verifier = probes_ask_skep(probes, n);
    probes_run(probes, n, seed);
    printf("%-32s %-18s %-18s %-8s %-18s %-18s\n", "probe", "kernel", "Skep", "twin", "kernel",
           "Skep");
    for (unsigned i = 0; i < n; i++)
        print_row(&probes[i], why);
    printf("seed %llu\n", (unsigned long long)seed);
    return summary(probes, n, verifier, kernel) ? 0 : 1;
}
