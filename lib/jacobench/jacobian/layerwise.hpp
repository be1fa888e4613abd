// The vectorised analytic method: one forward pass, one backward pass, whole batches at a time.
//
// Model:    delta_L = phi_L'(Z_L) restricted to output k,   delta_l = phi_l'(Z_l) o (delta_{l+1} W_{l+1}),
//           d y_k / d W_l(i, j) = delta_l(:, i) o A_{l-1}(:, j),   d y_k / d b_l(i) = delta_l(:, i):
//           every column of J_y_theta is the elementwise product of one delta column and one activation column.
//           So yes, it can be vectorised: not as one matrix product, but as whole columns.
//           J_y_x, backward: delta_1 W_1, the same deltas taken one layer further; or forward from the identity,
//           S_0 = I, S_l = diag(phi_l'(Z_l)) W_l S_{l-1}, one input's column of S a batch. The diagonal is never
//           built: it is a product by columns. The direction with fewer operations is taken unless one is forced
//           (where the deltas are computed anyway, for J_y_theta, backward is nearly free).
// Shapes:   theta [P], X [N x D], values [N x K], J_y_theta [(N K) x P], J_y_x [(N K) x D]
// Cost:     forward 2 N P flops; J_y_theta: 3 N K P more and 8 N K P bytes written; J_y_x: 2 N K P more going
//           backward, 2 N D P going forward, less the first step of either (cheaper_input_direction);
//           the workspace is a batch of rows a thread, and evaluating allocates nothing. Where a J_y_theta past
//           the cache has columns that begin at different places of a line, batches overlap: a cache line of rows,
//           8 of 96 or more, is computed by two batches and counted twice; 8 of 32 where max_rows is whole lines
// Accuracy: within the running error bound of verification/error_bound.hpp with PathSummation::from_outputs.
//           delta_L has the error of phi'; each step down costs one product and the roundings of its partial
//           sums, in the order of kernel/batch_product.hpp, then one rounding and the error of phi'; the column
//           product one more rounding.
// Source:   Bishop (2006), Pattern Recognition and Machine Learning, sec. 5.3.1 and 5.3.4
#pragma once

#include <memory>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {

std::unique_ptr<Evaluator> make_layerwise(const Perceptron& network, Index max_rows,
                                          const StrategyOptions& options);

// The rows of a batch: so many that what a thread's passes hold takes half of the first-level cache (base/caches.hpp).
// Where all that is written are whole lines past the cache, at least 32 and at most 64, and no more than a sixth of
// what a thread has, as the first batch has nothing that is written beside it. Elsewhere 128 if these take no more than
// half of a core's own cache, and at least 96. All that a thread has where these are fewer than two batches.
Index layerwise_batch_rows(const Perceptron& network, Index max_rows, Index n_threads);

// Which way `layerwise` goes for J_y_x under Direction::cheaper, by operation count.
Direction cheaper_input_direction(const Perceptron& network);

}  // namespace jacobench
