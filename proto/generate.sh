#!/bin/sh
# generate.sh PROTOC PLUGIN SOURCE_DIR OUT_DIR PROTO OUTPUT...
# Runs protoc for messages and gRPC code. The .proto keeps its folder in its registered name (unique in the world);
# Meson wants outputs without folders, so the files are moved up and their includes rewritten.
set -eu
protoc=$1 plugin=$2 source=$3 out=$4 proto=$5
shift 5
tmp=$(mktemp -d "$out/protoc.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
"$protoc" -I "$source" --cpp_out="$tmp" --grpc_out="$tmp" --plugin=protoc-gen-grpc="$plugin" "$proto"
folder=$(dirname "$proto")
for file in "$@"; do
  name=$(basename "$file")
  sed "s|#include \"$folder/|#include \"|" "$tmp/$folder/$name" >"$file"
done
