// The kinds of tables as requests name them (spec 4.2).
#pragma once

#include "client/wall.h"

#include "client/api.h"

namespace kalam {

constexpr const char* kind_name(TableKind kind) {
  switch (kind) {
    case TableKind::shared:
      return "shared";
    case TableKind::user:
      return "user";
    case TableKind::stream:
      return "stream";
    case TableKind::system:
      return "system";
  }
  return "shared";
}

}  // namespace kalam
