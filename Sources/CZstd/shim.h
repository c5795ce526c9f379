#ifndef AMENDS_CZSTD_SHIM_H
#define AMENDS_CZSTD_SHIM_H

#include <zstd.h>

#endif
