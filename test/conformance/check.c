/* conformance_check: the vectors against the engines. */
#include "conformance/reference.h"
#include "conformance/vectors.h"

#include "isa/isa.h"

#include <stdio.h>

#define ENGINES_MAX 8
#define WRONG_SHOWN 10

struct check {
    const struct conformance_engine *engines;
    size_t n;
    unsigned vectors, broken, wrong;
    unsigned passed[ENGINES_MAX], refused[ENGINES_MAX];
};

static void show(const struct vector *v, const char *engine, const char *what, uint64_t got,
                 uint64_t expected)
{
    printf("%s: %s: %s, r0 = 0x%" PRIx64 ", expected 0x%" PRIx64 "\n", isa_rows[v->op].name, engine,
           what, got, expected);
    for (size_t at = 0; at < v->size;) {
        struct isa_slot slots[2] = { isa_slot_read(v->code + at, false) };
        if (at + 8 < v->size)
            slots[1] = isa_slot_read(v->code + at + 8, false);
        struct insn insn;
        char line[128];
        struct text text;
        text_init_fixed(&text, line, sizeof line);
        if (isa_decode(slots, at + 8 < v->size ? 2 : 1, 0, &insn, NULL) != SKEP_OK)
            break;
        isa_print(&text, &insn);
        printf("  %3zu: %s\n", at / 8, text_cstr(&text));
        at += 8 * insn_slots(&insn);
    }
}

typedef bool runner(void *self, const uint8_t *code, size_t size, uint8_t *memory,
                    size_t memory_size, uint64_t *r0);

/* Every run has memory of its own, as it was at the start. */
static bool run_fresh(runner *run, void *self, const struct vector *v, uint64_t *r0)
{
    uint64_t memory[VECTOR_MEMORY / 8];
    memcpy(memory, v->memory, sizeof memory);
    return run(self, v->code, v->size, v->memory_size ? (uint8_t *)memory : NULL, v->memory_size,
               r0);
}

static bool run_reference(void *self, const uint8_t *code, size_t size, uint8_t *memory,
                          size_t memory_size, uint64_t *r0)
{
    (void)self;
    return reference_run(code, size, memory, memory_size, r0);
}

static void check_engine(struct check *c, size_t e, const struct vector *v, uint64_t expected)
{
    const struct conformance_engine *engine = &c->engines[e];
    uint64_t got = 0;
    bool ran = run_fresh(engine->run, engine->self, v, &got);
    if (!ran && engine->may_refuse) {
        c->refused[e]++;
    } else if (!ran || got != expected) {
        if (c->wrong++ < WRONG_SHOWN)
            show(v, engine->name, ran ? "wrong" : "refused", got, expected);
    } else {
        c->passed[e]++;
    }
}

static void check_vector(void *user, const struct vector *v)
{
    struct check *c = user;
    uint64_t expected = 0;
    c->vectors++;
    if (!run_fresh(run_reference, NULL, v, &expected)) {
        if (c->broken++ < WRONG_SHOWN)
            show(v, "reference", "refused", 0, 0);
        return;
    }
    for (size_t e = 0; e < c->n; e++)
        check_engine(c, e, v, expected);
}

static void print_row(const struct check *row, uint16_t op)
{
    printf("%-18s %4u vectors", isa_rows[op].name, row->vectors);
    for (size_t e = 0; e < row->n; e++) {
        printf("  %s %u", row->engines[e].name, row->passed[e]);
        if (row->refused[e])
            printf(" (%u refused)", row->refused[e]);
    }
    printf("\n");
}

static void add(struct check *total, const struct check *row)
{
    total->vectors += row->vectors;
    total->broken += row->broken;
    total->wrong += row->wrong;
    for (size_t e = 0; e < total->n; e++) {
        total->passed[e] += row->passed[e];
        total->refused[e] += row->refused[e];
    }
}

unsigned conformance_check(const struct conformance_engine *engines, size_t n)
{
    struct check total = { .engines = engines, .n = n };
    unsigned rows = 0, short_rows = 0;
    assert(n <= ENGINES_MAX);
    for (uint16_t op = 0; op < ISA_OP_COUNT; op++) {
        struct check row = { .engines = engines, .n = n };
        const char *missing = vectors_missing(op);
        if (missing) {
            printf("%-18s    - %s\n", isa_rows[op].name, missing);
            continue;
        }
        vectors_of_row(op, check_vector, &row);
        print_row(&row, op);
        rows++;
        short_rows += row.vectors < VECTORS_PER_ROW_MIN;
        add(&total, &row);
    }
    printf("%u of %d rows, %u vectors", rows, ISA_OP_COUNT, total.vectors);
    for (size_t e = 0; e < n; e++)
        printf(", %s %u passed %u refused", engines[e].name, total.passed[e], total.refused[e]);
    printf(", %u wrong\n", total.wrong);
    return total.wrong + total.broken + short_rows;
}
