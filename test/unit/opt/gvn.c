/* gvn: what is computed, loaded or decided twice is so once. */
#include "opt/pass.h"

#include "support/unit.h"

struct fixture {
    struct mem mem;
    struct arena arena;
    struct ssa_program program;
    struct ssa_func func;
    u32 block, frame, packet, ctx;
};

static u32 put(struct fixture *f, struct ssa_insn insn)
{
    insn.width = insn.width ? insn.width : 8;
    insn.origin = CODE_NONE;
    u32 value = ssa_new(&f->func, insn);
    ssa_append(&f->func, f->block, value);
    return value;
}

static u32 put2(struct fixture *f, u32 op, u32 a, u32 b)
{
    return put(f, (struct ssa_insn){ .op = (u16)op, .arg = { a, b } });
}

static void open_fixture(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    mem_init(&f->mem, NULL, 0);
    arena_init(&f->arena, &f->mem);
    assert_true(ssa_func_init(&f->func, &f->program, &f->arena, 0));
    ssa_block_new(&f->func);
    f->frame = put(f, (struct ssa_insn){ .op = SSA_FRAME });
    f->packet = put(f, (struct ssa_insn){ .op = SSA_PARAM, .imm = 1 });
    f->ctx = put(f, (struct ssa_insn){ .op = SSA_PARAM });
}

static void run(struct fixture *f)
{
    struct opt_input in = { .off = 0 };
    struct opt opt = { .in = &in };
    u32 where;
    assert_null(ssa_check(&f->func, &where));
    arena_init(&opt.scratch, &f->mem);
    opt_gvn(&opt, &f->func);
    opt_dce(&opt, &f->func);
    arena_drop(&opt.scratch);
    assert_null(ssa_check(&f->func, &where));
}

static void close_fixture(struct fixture *f)
{
    arena_drop(&f->arena);
    assert_int_equal(f->mem.used, 0);
}

static struct ssa_insn access(u32 op, u32 width, u8 region, u32 base, s64 off, u32 what)
{
    struct ssa_insn insn = {
        .op = (u16)op, .width = (u8)width, .region = region, .arg = { base, what }
    };
    insn.off = off;
    return insn;
}

static u32 load(struct fixture *f, u32 width, u8 region, u32 base, s64 off)
{
    return put(f, access(SSA_LOAD, width, region, base, off, 0));
}
static void store(struct fixture *f, u32 width, u8 region, u32 base, s64 off, u32 what)
{
    put(f, access(SSA_STORE, width, region, base, off, what));
}

static u32 count(const struct fixture *f, u32 op)
{
    u32 n = 0;
    for (u32 b = 0; b < f->func.n_blocks; b++)
        for (u32 v = f->func.blocks[b].first; v; v = f->func.insns[v].next)
            n += f->func.insns[v].op == op;
    return n;
}

static void jump(struct fixture *f, u32 to)
{
    put2(f, SSA_JUMP, 0, 0);
    ssa_add_edge(&f->func, f->block, 0, to);
}
static void branch(struct fixture *f, u32 condition, u32 yes, u32 no)
{
    put2(f, SSA_BRANCH, condition, 0);
    ssa_add_edge(&f->func, f->block, 0, yes);
    ssa_add_edge(&f->func, f->block, 1, no);
}

TEST(equal_sums_become_one_whatever_their_order)
{
    struct fixture f;
    open_fixture(&f);
    u32 a = put2(&f, SSA_ADD, f.packet, f.ctx), b = put2(&f, SSA_ADD, f.ctx, f.packet);
    put2(&f, SSA_RETURN, put2(&f, SSA_XOR, a, b), 0);
    run(&f);
    assert_int_equal(count(&f, SSA_ADD), 1);
    close_fixture(&f);
}

TEST(a_load_of_what_was_stored_is_the_value)
{
    struct fixture f;
    open_fixture(&f);
    u32 value = load(&f, 8, HOST_REGION_PACKET, f.packet, 0);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, value);
    store(&f, 8, HOST_REGION_STACK, f.frame, -16, f.ctx);
    store(&f, 4, HOST_REGION_PACKET, f.packet, 8, f.ctx);
    u32 again = load(&f, 8, HOST_REGION_STACK, f.frame, -8);
    put2(&f, SSA_RETURN, again, 0);
    run(&f);
    assert_int_equal(f.func.insns[f.func.blocks[0].last].arg[0], value);
    close_fixture(&f);
}

TEST(a_narrower_load_takes_its_bytes)
{
    struct fixture f;
    open_fixture(&f);
    u32 value = load(&f, 8, HOST_REGION_PACKET, f.packet, 0);
    put2(&f, SSA_RETURN, load(&f, 2, HOST_REGION_PACKET, f.packet, 4), 0);
    run(&f);
    assert_int_equal(count(&f, SSA_LOAD), 1);
    const struct ssa_insn *cut = ssa_at(&f.func, f.func.insns[f.func.blocks[0].last].arg[0]);
    assert_int_equal(cut->op, SSA_ZEXT);
    assert_int_equal(cut->width, 2);
    assert_int_equal(f.func.insns[cut->arg[0]].arg[0], value);
    close_fixture(&f);
}

TEST(a_wider_load_stays)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 4, HOST_REGION_STACK, f.frame, -8, f.ctx);
    put2(&f, SSA_RETURN, load(&f, 8, HOST_REGION_STACK, f.frame, -8), 0);
    run(&f);
    assert_int_equal(count(&f, SSA_LOAD), 1);
    close_fixture(&f);
}

TEST(calls_write_memory_and_pure_ones_do_not)
{
    for (u32 pure = 0; pure < 2; pure++) {
        struct fixture f;
        open_fixture(&f);
        u32 a = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
        u32 thread = put(&f, (struct ssa_insn){ .op = SSA_THREAD });
        u32 call = ssa_new_many(
            &f.func, (struct ssa_insn){ .op = pure ? SSA_CALL_PURE : SSA_CALL_QUIET, .width = 8 },
            (u32[]){ thread }, 1);
        ssa_append(&f.func, 0, call);
        u32 b = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
        put2(&f, SSA_RETURN, put2(&f, SSA_XOR, put2(&f, SSA_ADD, a, call), b), 0);
        run(&f);
        assert_int_equal(count(&f, SSA_LOAD), pure ? 1 : 2);
        close_fixture(&f);
    }
}

TEST(values_of_maps_are_loaded_as_often_as_the_program_says)
{
    struct fixture f;
    open_fixture(&f);
    u32 a = load(&f, 8, HOST_REGION_MAP_VALUE, f.packet, 0);
    u32 b = load(&f, 8, HOST_REGION_MAP_VALUE, f.packet, 0);
    put2(&f, SSA_RETURN, put2(&f, SSA_XOR, a, b), 0);
    run(&f);
    assert_int_equal(count(&f, SSA_LOAD), 2);
    close_fixture(&f);
}

/* A loop that stores at an offset: with what a load in it finds. */
static u32 loads_left_in_loop(s64 stored_at)
{
    struct fixture f;
    open_fixture(&f);
    u32 head = ssa_block_new(&f.func), after = ssa_block_new(&f.func);
    u32 first = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
    jump(&f, head);
    f.block = head;
    u32 inside = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
    store(&f, 8, stored_at < 0 ? HOST_REGION_STACK : HOST_REGION_CTX,
          stored_at < 0 ? f.frame : f.ctx, stored_at, inside);
    branch(&f, put2(&f, SSA_LT, inside, first), head, after);
    f.block = after;
    put2(&f, SSA_RETURN, first, 0);
    run(&f);
    u32 n = count(&f, SSA_LOAD);
    close_fixture(&f);
    return n;
}

TEST(loops_keep_what_they_do_not_write)
{
    assert_int_equal(loads_left_in_loop(-8), 1);
    assert_int_equal(loads_left_in_loop(0), 2);
}

TEST(what_a_branch_has_shown_is_not_asked_again)
{
    struct fixture f;
    open_fixture(&f);
    u32 yes = ssa_block_new(&f.func), no = ssa_block_new(&f.func);
    branch(&f, put2(&f, SSA_LT, f.packet, f.ctx), yes, no);
    f.block = yes;
    put2(&f, SSA_RETURN, put2(&f, SSA_LE, f.ctx, f.packet), 0);
    f.block = no;
    put2(&f, SSA_RETURN, put2(&f, SSA_LT, f.packet, f.ctx), 0);
    run(&f);
    for (u32 b = yes; b <= no; b++) {
        const struct ssa_insn *end = ssa_at(&f.func, f.func.blocks[b].last);
        assert_int_equal(f.func.insns[end->arg[0]].op, SSA_CONST);
        assert_int_equal(f.func.insns[end->arg[0]].imm, 0);
    }
    close_fixture(&f);
}

TEST(a_store_of_what_is_there_goes)
{
    struct fixture f;
    open_fixture(&f);
    u32 value = load(&f, 4, HOST_REGION_PACKET, f.packet, 0);
    store(&f, 4, HOST_REGION_PACKET, f.packet, 0, value);
    put2(&f, SSA_RETURN, value, 0);
    run(&f);
    assert_int_equal(count(&f, SSA_STORE), 0);
    close_fixture(&f);
}

UNIT_TESTS(UNIT(equal_sums_become_one_whatever_their_order),
           UNIT(a_load_of_what_was_stored_is_the_value), UNIT(a_narrower_load_takes_its_bytes),
           UNIT(a_wider_load_stays), UNIT(calls_write_memory_and_pure_ones_do_not),
           UNIT(values_of_maps_are_loaded_as_often_as_the_program_says),
           UNIT(loops_keep_what_they_do_not_write),
           UNIT(what_a_branch_has_shown_is_not_asked_again), UNIT(a_store_of_what_is_there_goes))
