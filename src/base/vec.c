/* Growth of the arrays of vec.h.  The data pointer is copied in and out as bytes, since the array
 * behind it may be of any type. */
#include "base/vec.h"

bool vec_reserve_one(struct mem *mem, void **data, const u32 *n, u32 *cap, size_t item_size)
{
    if (*n < *cap)
        return true;
    u64 new_cap = *cap ? 2 * (u64)*cap : 8;
    u64 new_size;
    if (new_cap > UINT32_MAX || !mul_ok(new_cap, item_size, &new_size) || new_size > SIZE_MAX)
        return false;
    void *old;
    memcpy(&old, data, sizeof(old));
    void *moved = mem_resize(mem, old, (size_t)*cap * item_size, (size_t)new_size);
    if (!moved)
        return false;
    memcpy(data, &moved, sizeof(moved));
    *cap = (u32)new_cap;
    return true;
}
