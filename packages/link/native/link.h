// What the addon's two halves share: reading JavaScript arguments and throwing the kernel's errors.
#ifndef HERALD_LINK_H
#define HERALD_LINK_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
  uint8_t *data;
  size_t length;
};

// Each reads one argument and returns false with a TypeError pending if it has another type.
bool read_int(napi_env env, napi_value value, int32_t *out);
bool read_bytes(napi_env env, napi_value value, struct bytes *out);
// Returns false with a TypeError pending unless exactly `count` arguments were passed.
bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out);

// Throws `errno` as an Error whose `code` is its name, such as "ENODEV". Returns NULL.
napi_value throw_errno(napi_env env, const char *operation, int error);
napi_value throw_type(napi_env env, const char *message);
napi_value to_number(napi_env env, double number);

// receiver.c
napi_value receiver_start(napi_env env, napi_callback_info info);
napi_value receiver_stop(napi_env env, napi_callback_info info);

#endif
