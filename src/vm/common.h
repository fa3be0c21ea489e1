/* What both engines do alike: the arguments of a run, memory, atomics. */
#ifndef SKEP_SRC_VM_COMMON_H
#define SKEP_SRC_VM_COMMON_H

#include "vm/vm.h"

/* r1..r5 at the start of a program. */
static inline void vm_arguments(const struct skep_hook *hook, void *ctx, u64 args[5])
{
    bool memory = hook->ctx_kind == SKEP_CTX_MEMORY;
    const struct skep_memory *block = ctx;
    args[0] = (u64)(uintptr_t)(memory ? (block ? block->data : NULL) : ctx);
    args[1] = memory && block ? block->size : 0;
    args[2] = args[3] = args[4] = 0;
}

/* Memory of any alignment, in the host's byte order. */
#define VM_ACCESS(SZ, bits, bytes, utype, stype)                                                   \
    static inline u64 vm_load_##SZ(u64 at)                                                         \
    {                                                                                              \
        utype value;                                                                               \
        memcpy(&value, (const void *)(uintptr_t)at, sizeof(value));                                \
        return value;                                                                              \
    }                                                                                              \
    static inline void vm_store_##SZ(u64 at, u64 value)                                            \
    {                                                                                              \
        utype narrow = (utype)value;                                                               \
        memcpy((void *)(uintptr_t)at, &narrow, sizeof(narrow));                                    \
    }
ISA_SIZES(VM_ACCESS)
#undef VM_ACCESS

/* Atomic operations on aligned memory, sequentially consistent; they give what was there. */
#define VM_FETCH(NAME, name, SZ, type)                                                             \
    static inline u64 vm_fetch_##name##_##SZ(u64 at, u64 value)                                    \
    {                                                                                              \
        return __atomic_fetch_##name((type *)(uintptr_t)at, (type)value, __ATOMIC_SEQ_CST);        \
    }
#define VM_FETCHES(NAME, name, ...) VM_FETCH(NAME, name, W, u32) VM_FETCH(NAME, name, DW, u64)
ISA_ATOMIC(VM_FETCHES)
#undef VM_FETCHES
#undef VM_FETCH

#define VM_EXCHANGE(SZ, type)                                                                      \
    static inline u64 vm_exchange_##SZ(u64 at, u64 value)                                          \
    {                                                                                              \
        return __atomic_exchange_n((type *)(uintptr_t)at, (type)value, __ATOMIC_SEQ_CST);          \
    }                                                                                              \
    static inline u64 vm_compare_exchange_##SZ(u64 at, u64 expected, u64 value)                    \
    {                                                                                              \
        type old = (type)expected;                                                                 \
        __atomic_compare_exchange_n((type *)(uintptr_t)at, &old, (type)value, false,               \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                           \
        return old;                                                                                \
    }
VM_EXCHANGE(W, u32)
VM_EXCHANGE(DW, u64)
#undef VM_EXCHANGE

#define VM_ORDERED(SZ, bits, bytes, utype, stype)                                                  \
    static inline u64 vm_load_acquire_##SZ(u64 at)                                                 \
    {                                                                                              \
        return __atomic_load_n((const utype *)(uintptr_t)at, __ATOMIC_ACQUIRE);                    \
    }                                                                                              \
    static inline void vm_store_release_##SZ(u64 at, u64 value)                                    \
    {                                                                                              \
        __atomic_store_n((utype *)(uintptr_t)at, (utype)value, __ATOMIC_RELEASE);                  \
    }
ISA_SIZES(VM_ORDERED)
#undef VM_ORDERED

#endif
