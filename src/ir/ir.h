/* The door of ir/: shapes between bytecode and engines.
 *   code    decoded instructions of one linked program
 *   cfg     blocks, edges, functions, loop heads
 *   charge  where fuel is charged, and how much
 *   host    the host op set that lowering produces and interpreters and compilers consume */
#ifndef SKEP_SRC_IR_IR_H
#define SKEP_SRC_IR_IR_H

#include "contract/contract.h"
#include "ir/cfg.h"
#include "ir/charge.h"
#include "ir/code.h"
#include "ir/host.h"
#include "isa/isa.h"

#endif
