#ifndef AMENDS_CZLIB_SHIM_H
#define AMENDS_CZLIB_SHIM_H

#include <zlib.h>

#endif
