/* Expands ISA_X for every row of the table, in the order of enum isa_op.  Included with ISA_X
 * defined; no include guard on purpose. */
/* clang-format off */
#define ISA_F_BINARY(NAME, name, code, off, g, sym) ISA_ROWS_BINARY(ISA_X, NAME, name, code, off, g, sym)
#define ISA_F_COND(NAME, name, code, sym)           ISA_ROWS_COND(ISA_X, NAME, name, code, sym)
#define ISA_F_ATOMIC(NAME, name, op, sym)           ISA_ROWS_ATOMIC(ISA_X, NAME, name, op, sym)

ISA_BINARY(ISA_F_BINARY)
ISA_X(MOVSX8_64,  0xbf, ISA_D|ISA_S, 0, 8,  0, MOVSX, 8, BASE64, "s8",  "movsx8")
ISA_X(MOVSX16_64, 0xbf, ISA_D|ISA_S, 0, 16, 0, MOVSX, 8, BASE64, "s16", "movsx16")
ISA_X(MOVSX32_64, 0xbf, ISA_D|ISA_S, 0, 32, 0, MOVSX, 8, BASE64, "s32", "movsx32")
ISA_X(MOVSX8_32,  0xbc, ISA_D|ISA_S, 0, 8,  0, MOVSX, 4, BASE32, "s8",  "movsx8")
ISA_X(MOVSX16_32, 0xbc, ISA_D|ISA_S, 0, 16, 0, MOVSX, 4, BASE32, "s16", "movsx16")
ISA_X(NEG64, 0x87, ISA_D, 0, 0, 0, NEG, 8, BASE64, "-", "neg")
ISA_X(NEG32, 0x84, ISA_D, 0, 0, 0, NEG, 4, BASE32, "-", "neg")
ISA_ROWS_END(ISA_X, 16, 2, BASE32)
ISA_ROWS_END(ISA_X, 32, 4, BASE32)
ISA_ROWS_END(ISA_X, 64, 8, BASE64)
ISA_X(ADDR_SPACE_CAST, 0xbf, ISA_D|ISA_S|ISA_I, 0, 1, 0, ADDR_SPACE_CAST, 8, LINUX_ARENA, "addr_space_cast", "addr_space_cast")

ISA_ROWS_MEMORY(ISA_X, B,  0x10, 1, BASE32)
ISA_ROWS_MEMORY(ISA_X, H,  0x08, 2, BASE32)
ISA_ROWS_MEMORY(ISA_X, W,  0x00, 4, BASE32)
ISA_ROWS_MEMORY(ISA_X, DW, 0x18, 8, BASE64)
ISA_X(LDXS_B, 0x91, ISA_D|ISA_S|ISA_O, 0, 0, 0, LOAD_SX, 1, BASE32, "", "ldxs")
ISA_X(LDXS_H, 0x89, ISA_D|ISA_S|ISA_O, 0, 0, 0, LOAD_SX, 2, BASE32, "", "ldxs")
ISA_X(LDXS_W, 0x81, ISA_D|ISA_S|ISA_O, 0, 0, 0, LOAD_SX, 4, BASE32, "", "ldxs")

ISA_ATOMIC(ISA_F_ATOMIC)
ISA_X(XCHG_W,     0xc3, ISA_D|ISA_S|ISA_O, 0, 0, 0xe1, XCHG,    4, ATOMIC32, "xchg32_32",    "xchg")
ISA_X(XCHG_DW,    0xdb, ISA_D|ISA_S|ISA_O, 0, 0, 0xe1, XCHG,    8, ATOMIC64, "xchg_64",      "xchg")
ISA_X(CMPXCHG_W,  0xc3, ISA_D|ISA_S|ISA_O, 0, 0, 0xf1, CMPXCHG, 4, ATOMIC32, "cmpxchg32_32", "cmpxchg")
ISA_X(CMPXCHG_DW, 0xdb, ISA_D|ISA_S|ISA_O, 0, 0, 0xf1, CMPXCHG, 8, ATOMIC64, "cmpxchg_64",   "cmpxchg")

ISA_ROWS_LDDW(ISA_X, IMM,           0, "%l ll")
ISA_ROWS_LDDW(ISA_X, MAP_FD,        1, "map[fd:%f]")
ISA_ROWS_LDDW(ISA_X, MAP_FD_VALUE,  2, "map[fd:%f][0] + %v")
ISA_ROWS_LDDW(ISA_X, VARIABLE,      3, "var[%f]")
ISA_ROWS_LDDW(ISA_X, CODE,          4, "code[%C]")
ISA_ROWS_LDDW(ISA_X, MAP,           5, "map[idx:%f]")
ISA_ROWS_LDDW(ISA_X, MAP_VALUE,     6, "map[idx:%f][0] + %v")
ISA_ROWS_PACKET(ISA_X, B, 0x10, 1)
ISA_ROWS_PACKET(ISA_X, H, 0x08, 2)
ISA_ROWS_PACKET(ISA_X, W, 0x00, 4)

ISA_COND(ISA_F_COND)
ISA_X(JA,          0x05, ISA_O, 0, 0, 0, JUMP,          0, BASE32,         "goto",     "ja")
ISA_X(JA32,        0x06, ISA_I, 0, 0, 0, JUMP_LONG,     0, BASE32,         "gotol",    "ja32")
ISA_X(MAY_GOTO,    0xe5, ISA_O, 0, 0, 0, MAY_GOTO,      0, LINUX_MAY_GOTO, "may_goto", "may_goto")
ISA_X(GOTOX,       0x0d, ISA_D, 0, 0, 0, JUMP_INDIRECT, 0, LINUX_GOTOX,    "gotox",    "gotox")
ISA_X(CALL_HELPER, 0x85, ISA_I, 0, 0, 0, CALL_HELPER,   0, BASE32,         "call",     "call")
ISA_X(CALL_LOCAL,  0x85, ISA_I, 1, 0, 0, CALL_LOCAL,    0, BASE32,         "call",     "call")
ISA_X(CALL_KFUNC,  0x85, ISA_O|ISA_I, 2, 0, 0, CALL_KFUNC, 0, BASE32,      "call",     "call")
ISA_X(CALLX,       0x8d, ISA_D, 0, 0, 0, CALL_INDIRECT, 0, LINUX_CALLX,    "callx",    "callx")
ISA_X(EXIT,        0x95, 0,     0, 0, 0, EXIT,          0, BASE32,         "exit",     "exit")

#undef ISA_F_BINARY
#undef ISA_F_COND
#undef ISA_F_ATOMIC
/* clang-format on */
