/* Epochs: what a running program may still hold is freed when all who ran at that time have left.
 *
 * The clock `now` ticks with every deferral.  A run notes the clock when it begins; a node that was
 * deferred at time t may go once every noted clock is later than t.  A thread that begins a run
 * stores its clock and then loads shared pointers; who frees has first replaced the pointer and
 * then looks at the clocks: of these two at least one must see the other, which is what the pair of
 * barriers of os/ gives (the light one costs the run nothing where the system has membarrier). */
#include "rt/epoch.h"

skep_status epoch_new(struct mem *mem, struct epoch **out)
{
    struct epoch *epoch = mem_new(mem, struct epoch);
    if (!epoch)
        return SKEP_NOMEM;
    epoch->mem = mem;
    epoch->barrier = os_barrier_init();
    atomic_init(&epoch->now, 1);
    *out = epoch;
    return SKEP_OK;
}

static void epoch_free_list(struct epoch_node *node)
{
    while (node) {
        struct epoch_node *next = node->next; /* the node goes with its object */
        node->free_it(node->object);
        node = next;
    }
}

/* Takes all that was deferred at or before a time; the caller holds the lock. */
static struct epoch_node *epoch_take_until(struct epoch *epoch, u64 at)
{
    struct epoch_node *taken = epoch->first, *end = NULL;
    for (struct epoch_node *node = epoch->first; node && node->at <= at; node = node->next)
        end = node;
    if (!end)
        return NULL;
    epoch->first = end->next;
    if (!epoch->first)
        epoch->last = NULL;
    end->next = NULL;
    return taken;
}

void epoch_delete(struct epoch *epoch)
{
    if (!epoch)
        return;
    /* What is freed may defer more: a map that held maps. */
    while (epoch->first)
        epoch_free_list(epoch_take_until(epoch, UINT64_MAX));
    mem_delete(epoch->mem, epoch);
}

void epoch_register(struct epoch *epoch, struct epoch_slot *slot)
{
    atomic_store_explicit(&slot->running, 0, memory_order_relaxed);
    os_lock(&epoch->lock);
    slot->next = epoch->slots;
    epoch->slots = slot;
    os_unlock(&epoch->lock);
}

void epoch_unregister(struct epoch *epoch, struct epoch_slot *slot)
{
    os_lock(&epoch->lock);
    struct epoch_slot **link = &epoch->slots;
    while (*link && *link != slot)
        link = &(*link)->next;
    if (*link)
        *link = slot->next;
    os_unlock(&epoch->lock);
}

/* The clock of the longest run under way; UINT64_MAX when there is none.  The lock is held. */
static u64 epoch_oldest_run(const struct epoch *epoch)
{
    u64 oldest = UINT64_MAX;
    for (const struct epoch_slot *slot = epoch->slots; slot; slot = slot->next) {
        u64 running = atomic_load_explicit(&slot->running, memory_order_acquire);
        if (running)
            oldest = min_u64(oldest, running);
    }
    return oldest;
}

void epoch_collect(struct epoch *epoch)
{
    os_lock(&epoch->lock);
    struct epoch_node *ready = NULL;
    if (epoch->first) {
        if (epoch->slots)
            os_barrier_heavy(epoch->barrier);
        /* A run with clock t began after everything that was deferred before t. */
        ready = epoch_take_until(epoch, epoch_oldest_run(epoch) - 1);
    }
    os_unlock(&epoch->lock);
    epoch_free_list(ready);
}

void epoch_defer(struct epoch *epoch, struct epoch_node *node, void (*free_it)(void *object),
                 void *object)
{
    *node = (struct epoch_node){ .free_it = free_it, .object = object };
    os_lock(&epoch->lock);
    node->at = atomic_fetch_add_explicit(&epoch->now, 1, memory_order_acq_rel);
    if (epoch->last)
        epoch->last->next = node;
    else
        epoch->first = node;
    epoch->last = node;
    os_unlock(&epoch->lock);
    epoch_collect(epoch);
}

static void epoch_give_back(void *deferred)
{
    struct epoch_returns *returns = deferred;
    void (*put)(void *object) = returns->put;
    void *object = returns->object;
    os_lock(&returns->epoch->lock);
    u32 n = returns->due;
    returns->due = returns->later;
    returns->later = 0;
    bool again = returns->due > 0;
    os_unlock(&returns->epoch->lock);
    if (again)
        epoch_defer(returns->epoch, &returns->node, epoch_give_back, returns);
    for (; n > 0; n--) /* the last one may take the object, and what is in it, away */
        put(object);
}

void epoch_return(struct epoch *epoch, struct epoch_returns *returns, void (*put)(void *object),
                  void *object)
{
    os_lock(&epoch->lock);
    bool waits = returns->due > 0;
    returns->epoch = epoch;
    returns->put = put;
    returns->object = object;
    if (waits)
        returns->later++;
    else
        returns->due = 1;
    os_unlock(&epoch->lock);
    if (!waits)
        epoch_defer(epoch, &returns->node, epoch_give_back, returns);
}

static bool epoch_runs_since(struct epoch *epoch, u64 at)
{
    os_lock(&epoch->lock);
    bool runs = epoch_oldest_run(epoch) <= at;
    os_unlock(&epoch->lock);
    return runs;
}

enum { EPOCH_POLL_NS = 50000 };

void epoch_synchronize(struct epoch *epoch)
{
    u64 at = atomic_fetch_add_explicit(&epoch->now, 1, memory_order_acq_rel);
    os_barrier_heavy(epoch->barrier);
    /* Runs do not announce their end, so that ending costs one store: sleep a little and look. */
    _Atomic u32 nobody_wakes = 0;
    while (epoch_runs_since(epoch, at))
        os_wait(&nobody_wakes, 0, EPOCH_POLL_NS);
    epoch_collect(epoch);
}
