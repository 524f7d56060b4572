// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_I6300ESB_H
#define VIGIL_MODELS_I6300ESB_H
#endif
