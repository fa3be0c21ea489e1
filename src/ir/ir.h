/* The door of ir/: shapes between bytecode and engines.
 *   code    decoded instructions of one linked program
 *   cfg     blocks, edges, functions, loop heads
 *   charge  where fuel is charged, and how much
 *   live    which registers and stack slots may still be read (address: pointers to frames)
 *   order   the order in which to iterate over blocks, and where to widen
 *   host    the host op set that lowering produces and interpreters and compilers consume
 *   ssa     what compilers make of it */
#ifndef SKEP_SRC_IR_IR_H
#define SKEP_SRC_IR_IR_H

#include "contract/contract.h"
#include "ir/cfg.h"
#include "ir/charge.h"
#include "ir/code.h"
#include "ir/host.h"
#include "ir/live.h"
#include "ir/order.h"
#include "ir/ssa.h"
#include "isa/isa.h"

#endif
