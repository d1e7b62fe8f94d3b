#include "extension/join/join.h"

extern "C" {
#include "nodes/nodeFuncs.h"
}

#if PG_VERSION_NUM >= 160000

namespace {

struct Search {
  const Var* var;
  const Var* found;
};

}  // namespace

static bool find_var(Node* node, void* context) {
  Search* search = (Search*)context;
  if (node == nullptr) return false;
  if (!IsA(node, Var)) return expression_tree_walker(node, find_var, context);
  const Var* var = (const Var*)node;
  if (var->varno != search->var->varno || var->varattno != search->var->varattno ||
      var->varlevelsup != search->var->varlevelsup)
    return false;
  search->found = var;
  return true;
}

static Node* take_nulling(Node* node, void* columns) {
  if (node == nullptr) return nullptr;
  if (!IsA(node, Var)) return expression_tree_mutator(node, take_nulling, columns);
  Var* var = (Var*)copyObjectImpl(node);
  Search search = {var, nullptr};
  if (find_var((Node*)columns, &search)) var->varnullingrels = (Bitmapset*)bms_copy(search.found->varnullingrels);
  return (Node*)var;
}

Node* kalam_join_take_nulling(Node* node, Node* columns) {
  return take_nulling(node, columns);
}

#else

Node* kalam_join_take_nulling(Node* node, Node*) {
  return (Node*)copyObjectImpl(node);
}

#endif
