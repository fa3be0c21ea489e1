/* How descriptors of helpers are written: arguments by name, one line for what all have. */
#ifndef SKEP_SRC_HELPER_DEFINE_H
#define SKEP_SRC_HELPER_DEFINE_H

#include "helper/helper.h"

#include <errno.h>

/* ENOTSUPP, which the kernel returns from some helpers and which no libc knows. */
#define HELPER_ENOTSUPP 524
/* Failures are -1 … -HELPER_MAX_ERRNO. */
#define HELPER_MAX_ERRNO 4095

#define HELPER_HEAD(NAME, ID, FAMILY, RUN)                                                         \
    .size = sizeof(struct skep_helper), .name = NAME, .id = ID, .family = SKEP_FAMILY_##FAMILY,    \
    .run = RUN

/* Arguments.  R and W: the helper reads or writes the memory; 0: it may be NULL or of no size. */
/* clang-format off */
#define ARG_ANY    { .kind = SKEP_ARG_ANYTHING }
#define ARG_CTX    { .kind = SKEP_ARG_CTX }
#define ARG_CTX0   { .kind = SKEP_ARG_CTX, .flags = SKEP_ARG_NULLABLE }
#define ARG_MAP    { .kind = SKEP_ARG_MAP }
#define ARG_KEY    { .kind = SKEP_ARG_MAP_KEY, .flags = SKEP_ARG_READ }
#define ARG_VALUE  { .kind = SKEP_ARG_MAP_VALUE, .flags = SKEP_ARG_READ }
#define ARG_VALUE_W { .kind = SKEP_ARG_MAP_VALUE, .flags = SKEP_ARG_WRITE }
#define ARG_VALUE0 { .kind = SKEP_ARG_MAP_VALUE, .flags = SKEP_ARG_READ | SKEP_ARG_NULLABLE }
#define ARG_R      { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ }
#define ARG_W      { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE }
#define ARG_RW     { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE }
#define ARG_RW_KEPT { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE | SKEP_ARG_KEPT }
#define ARG_R0     { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_NULLABLE }
#define ARG_W0     { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE | SKEP_ARG_NULLABLE }
#define ARG_R_OF(n) { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ, .bytes = (n) }
#define ARG_W_OF(n) { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE, .bytes = (n) }
#define ARG_RW_OF(n) { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE, .bytes = (n) }
#define ARG_W_WORD(n) { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE | SKEP_ARG_ALIGNED, .bytes = (n) }
#define ARG_RW_WORD(n) { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE | SKEP_ARG_ALIGNED, .bytes = (n) }
#define ARG_SIZE   { .kind = SKEP_ARG_SIZE }
#define ARG_SIZE0  { .kind = SKEP_ARG_SIZE, .flags = SKEP_ARG_ZERO_OK }
#define ARG_CONST  { .kind = SKEP_ARG_SCALAR, .flags = SKEP_ARG_CONSTANT }
#define ARG_NOTHING { .kind = SKEP_ARG_SCALAR, .flags = SKEP_ARG_CONSTANT | SKEP_ARG_IS_ZERO }
#define ARG_ALLOC  { .kind = SKEP_ARG_ALLOC_SIZE, .flags = SKEP_ARG_CONSTANT }
#define ARG_STRING { .kind = SKEP_ARG_STRING, .flags = SKEP_ARG_CONSTANT }
#define ARG_CALLBACK { .kind = SKEP_ARG_CALLBACK }
#define ARG_CALLBACK_CTX { .kind = SKEP_ARG_CALLBACK_CTX, .flags = SKEP_ARG_NULLABLE }
#define ARG_RECORD { .kind = SKEP_ARG_RECORD, .flags = SKEP_ARG_RELEASE }
#define ARG_LOCK   { .kind = SKEP_ARG_SPIN_LOCK, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE }
#define ARG_TIMER  { .kind = SKEP_ARG_TIMER }
#define ARG_DYNPTR { .kind = SKEP_ARG_DYNPTR, .flags = SKEP_ARG_READ }
#define ARG_DYNPTR_W { .kind = SKEP_ARG_DYNPTR, .flags = SKEP_ARG_WRITE }
#define ARG_DYNPTR_NEW { .kind = SKEP_ARG_DYNPTR, .flags = SKEP_ARG_WRITE | SKEP_ARG_ACQUIRE }
#define ARG_DYNPTR_END { .kind = SKEP_ARG_DYNPTR, .flags = SKEP_ARG_RELEASE }
#define ARG_ITER_NEW(n) { .kind = SKEP_ARG_ITER, .flags = SKEP_ARG_WRITE | SKEP_ARG_ACQUIRE, .bytes = (n) }
#define ARG_ITER_NEXT(n) { .kind = SKEP_ARG_ITER, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE, .bytes = (n) }
#define ARG_ITER_END(n) { .kind = SKEP_ARG_ITER, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE | SKEP_ARG_RELEASE, .bytes = (n) }
#define ARG_SOCK   { .kind = SKEP_ARG_SOCK }
#define ARG_SOCK_END { .kind = SKEP_ARG_SOCK, .flags = SKEP_ARG_RELEASE }
#define ARG_BTF(what) { .kind = SKEP_ARG_BTF_PTR, .type = SKEP_TYPE_##what }
#define ARG_BTF_END { .kind = SKEP_ARG_BTF_PTR, .flags = SKEP_ARG_RELEASE | SKEP_ARG_NULLABLE, .type = SKEP_TYPE_OF_SLOT }
#define ARG_KPTR   { .kind = SKEP_ARG_KPTR, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE }

#define RET_VALUE  { .kind = SKEP_RET_MAP_VALUE, .flags = SKEP_RET_NULLABLE }
#define RET_ERRNO  { .lo = -HELPER_MAX_ERRNO, .hi = 0 }
#define RET_UP_TO_SIZE { .flags = SKEP_RET_AT_MOST_SIZE, .lo = -HELPER_MAX_ERRNO }
#define RET_VOID   { .kind = SKEP_RET_VOID }
#define RET_SOCK   { .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE }
#define RET_SOCK_NEW { .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES }
#define RET_FULL_NEW { .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES, .sock = SKEP_SOCK_FULL }
#define RET_FULL { .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE, .sock = SKEP_SOCK_FULL }
#define RET_CAST(what) { .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE | SKEP_RET_CASTS, .sock = SKEP_SOCK_##what }
#define RET_BTF(what) { .kind = SKEP_RET_BTF_PTR, .type = SKEP_TYPE_##what }
#define RET_BTF_NEW { .kind = SKEP_RET_BTF_PTR, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES, .type = SKEP_TYPE_OF_SLOT }
#define RET_MEM0   { .kind = SKEP_RET_MEM, .flags = SKEP_RET_NULLABLE }
#define RET_CPU    { .kind = SKEP_RET_CPU_PTR }
#define RET_CPU0   { .kind = SKEP_RET_CPU_PTR, .flags = SKEP_RET_NULLABLE }
#define RET_BTF0(what) { .kind = SKEP_RET_BTF_PTR, .flags = SKEP_RET_NULLABLE, .type = SKEP_TYPE_##what }
/* clang-format on */

/* The same for functions of the kernel; their numbers are only to be told apart. */
#define KFUNC_HEAD(NAME, ID, FAMILY, RUN)                                                          \
    HELPER_HEAD(NAME, ID, FAMILY, RUN), .personality = SKEP_KFUNC

/* A helper that is described, but needs a kernel to run. */
#define HELPER_KERNEL(NAME, ID, FAMILY, ...)                                                       \
    const struct skep_helper helper_##NAME = { HELPER_HEAD("bpf_" #NAME, ID, FAMILY, NULL),        \
                                               __VA_ARGS__ }

/* A pointer that the contract vouches for. */
static inline void *helper_pointer(u64 argument) { return (void *)(uintptr_t)argument; }
static inline u64 helper_errno(int negative) { return (u64)(s64)negative; }
/* Pays for work whose size the program chose.  false: a stop is under way, return at once. */
static inline bool helper_pay(struct skep_thread *thread, u64 bytes)
{
    enum { HELPER_FREE_BYTES = 512, HELPER_BYTES_PER_FUEL = 64 };
    return bytes <= HELPER_FREE_BYTES || rt_charge(thread, bytes / HELPER_BYTES_PER_FUEL);
}
static inline struct skep_map *helper_map(u64 argument) { return helper_pointer(argument); }

#endif
