# Intervals and Jacobians of networks that R holds: source("jacobench.R"), then
#   jacobench_interval(fit, newdata, data, level = .95, kind = "prediction", method = NULL)    a data frame, one row a new row
#   jacobench_jacobian(fit, newdata)                                                          a matrix with named columns
#
# fit:  nnet (formula or matrix interface, linout or not, decay), neuralnet with error sse, or caret's train of an nnet, with
#       whatever preprocessing caret does to the inputs.
# data: what the network was trained on: a data frame, or for the matrix interface of nnet list(x = , y = ).
#       caret and neuralnet keep it, so that there it may be left out. weights: nnet's case weights, where there were any.
# What is taken from a fit is held against predict(fit), to 1e-12 of the largest prediction. Then the fit is polished from the
# network's own weights, with its own decay: attr(, "notes") says how far from a minimum it was, and warns where that is far.
#
# Needs jsonlite, and the program jacobench: the one that $JACOBENCH names, or of this clone (scripts/build release), or on the path.

jacobench_interval <- function(fit, newdata, data = NULL, level = 0.95, kind = c("prediction", "mean"), method = NULL,
                               weights = NULL) {
  kind <- match.arg(kind)
  network <- .jacobench_network(fit, data)
  if (is.null(network$inputs)) .jacobench_refuse("data: are wanted, those that the network was trained on")
  new_inputs <- network$to_inputs(newdata)
  folder <- .jacobench_folder()
  on.exit(unlink(folder, recursive = TRUE))
  file <- function(name) file.path(folder, name)
  .jacobench_write_model(network, file("model.json"))
  .jacobench_hold_predictions(network, network$inputs, network$own_values, folder)
  inputs <- paste0("x", seq_len(ncol(network$inputs)) - 1)
  outputs <- paste0("y", seq_len(ncol(network$y)) - 1)
  chosen <- c("--inputs", paste(inputs, collapse = ","), "--outputs", paste(outputs, collapse = ","))
  table <- cbind(network$inputs, network$y, weights)
  if (!is.null(weights)) chosen <- c(chosen, "--weights", "weight")
  .jacobench_write_csv(table, c(inputs, outputs, if (!is.null(weights)) "weight"), file("data.csv"))
  chosen <- c("fit", file("data.csv"), chosen, "--from", file("model.json"), "--starts", "0", "--decay",
              .jacobench_digits(network$decay), "--decay_biases", "yes", "--output_noise", "shared")
  read_fit <- function(name, ...) {
    .jacobench_run(c(chosen, ..., "--out", file(name)), codes = 0:1)
    jsonlite::fromJSON(file(name), simplifyVector = FALSE)
  }
  before <- read_fit("as_it_is.json", "--max_iterations", "0")
  after <- read_fit("fit.json")
  .jacobench_write_csv(new_inputs, inputs, file("new.csv"))
  .jacobench_run(c("interval", file("fit.json"), "--at", file("new.csv"), "--kind", kind, "--level", .jacobench_digits(level),
                   if (!is.null(method)) c("--method", method), "--out", file("bands.csv")), codes = 0:1)
  bands <- read.csv(file("bands.csv"), colClasses = c(method = "character", reason = "character", output = "character"))
  result <- data.frame(fit = bands$fit, lwr = bands[[paste0(kind, "_lower")]], upr = bands[[paste0(kind, "_upper")]],
                       se = bands[[paste0("se_", kind)]], reason = ifelse(is.na(bands$reason), "", bands$reason))
  if (ncol(network$y) > 1) {
    result <- cbind(output = network$output_names[match(bands$output, outputs)], result)
  } else if (!is.null(rownames(newdata))) {
    rownames(result) <- rownames(newdata)
  }
  own <- as.vector(t(network$predict(newdata)))
  attr(result, "notes") <- .jacobench_moves(network, before, after, result$fit - own)
  result
}

jacobench_jacobian <- function(fit, newdata) {
  network <- .jacobench_network(fit, NULL)
  inputs <- network$to_inputs(newdata)
  folder <- .jacobench_folder()
  on.exit(unlink(folder, recursive = TRUE))
  .jacobench_write_model(network, file.path(folder, "model.json"))
  .jacobench_hold_predictions(network, inputs, network$predict(newdata), folder)
  out <- file.path(folder, "J.csv")
  .jacobench_run(c("jacobian", file.path(folder, "model.json"), file.path(folder, "rows.csv"), "--wrt", "parameters", "--out", out))
  J <- as.matrix(read.csv(out, check.names = FALSE))
  K <- nrow(network$layers[[length(network$layers)]]$weights)
  # A row of the file has the derivatives of all outputs, one after the other.
  columns <- sub("^[^:]*:", "", colnames(J)[seq_len(ncol(J) / K)])
  J <- matrix(t(J), ncol = ncol(J) / K, byrow = TRUE)
  colnames(J) <- columns
  J
}

# --- what a fit is: layers from the inputs up, the inputs that it was trained on, and its own predictions ---

.jacobench_network <- function(fit, data) {
  if (inherits(fit, "train")) return(.jacobench_of_caret(fit))
  if (inherits(fit, "nnet.formula")) return(.jacobench_of_nnet_formula(fit, data))
  if (inherits(fit, "nnet")) return(.jacobench_of_nnet_matrix(fit, data))
  if (inherits(fit, "nn")) return(.jacobench_of_neuralnet(fit))
  .jacobench_refuse("fit: is of class ", class(fit)[1], "; known are nnet, neuralnet, and train of caret with method nnet")
}

.jacobench_nnet_layers <- function(fit) {
  if (isTRUE(fit$entropy) || isTRUE(fit$softmax) || isTRUE(fit$censored))
    .jacobench_refuse("nnet: was fitted by maximum likelihood (entropy, softmax or censored), which least squares does not describe")
  D <- fit$n[1]
  H <- fit$n[2]
  K <- fit$n[3]
  from <- lapply(seq_len(D + H + K) + 1, function(unit) fit$conn[fit$nconn[unit] + seq_len(fit$nconn[unit + 1] - fit$nconn[unit])])
  own <- lapply(seq_len(D + H + K) + 1, function(unit) fit$wts[fit$nconn[unit] + seq_len(fit$nconn[unit + 1] - fit$nconn[unit])])
  # Units are numbered from 0, the constant; then inputs, hidden ones and outputs.
  layer <- function(units, below, activation) {
    weights <- matrix(0, length(units), length(below))
    bias <- numeric(length(units))
    for (i in seq_along(units)) {
      at <- match(from[[units[i]]], c(0, below))
      if (anyNA(at)) .jacobench_refuse("nnet: has connections that skip a layer (skip = TRUE), which a model file cannot represent; fit without")
      all <- numeric(1 + length(below))
      all[at] <- own[[units[i]]]
      bias[i] <- all[1]
      weights[i, ] <- all[-1]
    }
    list(activation = activation, weights = weights, bias = bias)
  }
  inputs <- seq_len(D)
  hidden <- D + seq_len(H)
  top <- layer(D + H + seq_len(K), if (H > 0) hidden else inputs, if (fit$nsunits > D + H + 1) "logistic" else "identity")
  if (H > 0) list(layer(hidden, inputs, "logistic"), top) else list(top)
}

# nnet takes a logistic unit beyond 15 for 0 or 1, which is off by up to exp(-15): what that makes of each prediction at most.
.jacobench_nnet_allowance <- function(layers, inputs) {
  values <- inputs
  off <- matrix(0, nrow(inputs), ncol(inputs))
  for (layer in layers) {
    before <- values %*% t(layer$weights) + rep(layer$bias, each = nrow(values))
    off <- off %*% t(abs(layer$weights))
    values <- before
    if (layer$activation == "logistic") {
      off <- off / 4 + exp(-15) * (abs(before) > 15)
      values <- plogis(before)
    }
  }
  off
}

.jacobench_nnet <- function(fit, to_inputs, inputs, y, own_values, output_names) {
  decay <- unique(fit$decay)
  if (length(decay) != 1) .jacobench_refuse("nnet: has a decay for each weight; one decay for all is known")
  layers <- .jacobench_nnet_layers(fit)
  list(layers = layers, allowance = function(inputs) .jacobench_nnet_allowance(layers, inputs), decay = decay, to_inputs = to_inputs, inputs = inputs, y = y, own_values = own_values,
       predict = function(newdata) as.matrix(predict(fit, newdata)), output_names = output_names)
}

.jacobench_of_nnet_formula <- function(fit, data) {
  terms <- delete.response(fit$terms)
  to_inputs <- function(newdata) {
    frame <- model.frame(terms, as.data.frame(newdata), xlev = fit$xlevels)
    x <- model.matrix(terms, frame, contrasts.arg = fit$contrasts)
    x[, colnames(x) != "(Intercept)", drop = FALSE]
  }
  inputs <- y <- own <- NULL
  if (!is.null(data)) {
    frame <- model.frame(fit$terms, data, xlev = fit$xlevels)
    y <- as.matrix(model.response(frame))
    inputs <- to_inputs(frame_rows <- data[rownames(frame), , drop = FALSE])
    own <- as.matrix(predict(fit, frame_rows))
  }
  .jacobench_nnet(fit, to_inputs, inputs, y, own, colnames(y))
}

.jacobench_of_nnet_matrix <- function(fit, data) {
  if (!is.null(data) && !all(c("x", "y") %in% names(data)))
    .jacobench_refuse("data: of the matrix interface of nnet are wanted as list(x = , y = )")
  to_inputs <- function(newdata) {
    x <- as.matrix(newdata)
    if (ncol(x) != fit$n[1]) .jacobench_refuse("newdata: has ", ncol(x), " columns, the network ", fit$n[1], " inputs")
    x
  }
  own <- if (!is.null(data)) as.matrix(predict(fit, to_inputs(data$x)))
  .jacobench_nnet(fit, to_inputs, if (!is.null(data)) to_inputs(data$x), if (!is.null(data)) as.matrix(data$y), own, colnames(data$y))
}

.jacobench_of_caret <- function(fit) {
  if (!inherits(fit$finalModel, "nnet")) .jacobench_refuse("train: its final model is ", class(fit$finalModel)[1], ", not nnet")
  prepare <- function(x) if (is.null(fit$preProcess)) x else predict(fit$preProcess, x)
  design <- function(newdata) {
    if (is.null(fit$terms)) return(as.data.frame(newdata)[, setdiff(colnames(fit$trainingData), ".outcome"), drop = FALSE])
    terms <- delete.response(fit$terms)
    x <- model.matrix(terms, model.frame(terms, as.data.frame(newdata), xlev = fit$xlevels), contrasts.arg = fit$contrasts)
    x[, colnames(x) != "(Intercept)", drop = FALSE]
  }
  to_inputs <- function(newdata) as.matrix(prepare(design(newdata)))
  # What caret keeps has its own name for the outcome, and the columns as they were before preprocessing.
  kept <- fit$trainingData[setdiff(colnames(fit$trainingData), ".outcome")]
  network <- .jacobench_nnet(fit$finalModel, to_inputs, to_inputs(kept), as.matrix(fit$trainingData$.outcome),
                             as.matrix(predict(fit, kept)), NULL)
  network$predict <- function(newdata) as.matrix(predict(fit, newdata))
  network
}

.jacobench_of_neuralnet <- function(fit) {
  activation <- attr(fit$act.fct, "type")
  if (!isTRUE(activation %in% c("logistic", "tanh"))) .jacobench_refuse("neuralnet: act.fct is a function of its own; logistic and tanh are known")
  if (!identical(attr(fit$err.fct, "type"), "sse")) .jacobench_refuse("neuralnet: err.fct is not sse, which alone is least squares")
  best <- which.min(fit$result.matrix["error", ])
  weights <- fit$weights[[best]]
  last <- length(weights)
  layers <- lapply(seq_len(last), function(i) {
    list(activation = if (i == last && isTRUE(fit$linear.output)) "identity" else activation,
         weights = t(weights[[i]][-1, , drop = FALSE]), bias = weights[[i]][1, ])
  })
  names <- fit$model.list$variables
  to_inputs <- function(newdata) {
    newdata <- as.data.frame(newdata)
    if (!all(names %in% colnames(newdata))) .jacobench_refuse("newdata: wants the columns ", paste(names, collapse = ", "))
    as.matrix(newdata[names])
  }
  list(layers = layers, decay = 0, to_inputs = to_inputs, inputs = fit$covariate, y = as.matrix(fit$response),
       own_values = as.matrix(fit$net.result[[best]]), output_names = fit$model.list$response,
       predict = function(newdata) as.matrix(predict(fit, as.data.frame(newdata), rep = best)))
}

# --- what the program is told and tells ---

.jacobench_refuse <- function(...) stop("jacobench: ", ..., call. = FALSE)

# Where this file stands, if it was sourced.
.jacobench_here <- local({
  frames <- Filter(Negate(is.null), lapply(sys.frames(), function(frame) frame$ofile))
  if (length(frames)) dirname(normalizePath(frames[[length(frames)]])) else "."
})

.jacobench_program <- function() {
  candidates <- c(Sys.getenv("JACOBENCH"), file.path(.jacobench_here, "..", "build", "release", "experiments", "jacobench"),
                  Sys.which("jacobench"))
  found <- candidates[nzchar(candidates) & file.exists(candidates)]
  if (!length(found)) .jacobench_refuse("the program is not built; run scripts/build release, or name it in $JACOBENCH")
  found[1]
}

.jacobench_folder <- function() {
  folder <- tempfile("jacobench")
  dir.create(folder)
  folder
}

.jacobench_run <- function(arguments, codes = 0L) {
  said <- tempfile()
  on.exit(unlink(said))
  code <- system2(.jacobench_program(), shQuote(arguments), stdout = FALSE, stderr = said)
  if (!code %in% codes) .jacobench_refuse(paste(readLines(said), collapse = "; "))
}

.jacobench_digits <- function(x) sprintf("%.17g", x)

.jacobench_write_csv <- function(values, columns, file) {
  values <- as.matrix(values)
  if (anyNA(values)) .jacobench_refuse("data: row ", which(rowSums(is.na(values)) > 0)[1], " has a value that is missing; leave such rows out")
  text <- matrix(.jacobench_digits(values), nrow(values))
  writeLines(c(paste(columns, collapse = ","), apply(text, 1, paste, collapse = ",")), file)
}

.jacobench_write_model <- function(network, file) {
  layers <- lapply(network$layers, function(layer) {
    if (!all(is.finite(layer$weights), is.finite(layer$bias))) .jacobench_refuse("fit: has a weight that is not finite; training diverged")
    list(activation = jsonlite::unbox(layer$activation), weights = layer$weights, bias = unname(layer$bias))
  })
  model <- list(format = jsonlite::unbox("jacobench-mlp"), version = jsonlite::unbox(1L), layers = layers)
  writeLines(jsonlite::toJSON(model, digits = I(17)), file)
}

.jacobench_hold_predictions <- function(network, inputs, own, folder) {
  inputs <- as.matrix(inputs)
  .jacobench_write_csv(inputs, paste0("x", seq_len(ncol(inputs)) - 1), file.path(folder, "rows.csv"))
  out <- file.path(folder, "values.csv")
  .jacobench_run(c("evaluate", file.path(folder, "model.json"), file.path(folder, "rows.csv"), "--out", out))
  values <- as.matrix(read.csv(out))
  allowance <- 1e-12 * max(abs(own)) + if (is.null(network$allowance)) 0 else network$allowance(inputs)
  wrong <- which(!(abs(values - own) <= allowance), arr.ind = TRUE)
  if (nrow(wrong))
    .jacobench_refuse("row ", wrong[1, 1], ": the fit predicts ", .jacobench_digits(own[wrong[1, 1], wrong[1, 2]]),
                      ", its layers as they were read ", .jacobench_digits(values[wrong[1, 1], wrong[1, 2]]))
}

.jacobench_moves <- function(network, before, after, shift) {
  objective <- function(its) sprintf("%.6g", its$rss + its$end$penalty)
  remaining <- before$end$remaining
  where <- sprintf("a minimum of the sum of squares with decay %g", network$decay)
  if (!is.null(remaining) && remaining$move <= 0.05)
    return(sprintf("the network is at %s: no estimate would move by more than %.2g of its standard error", where, remaining$move))
  far <- if (is.null(remaining)) "there is no s to compare with" else
    sprintf("an estimate would move by %.2g of its standard error, and the objective is predicted to fall by %.2g s^2",
            remaining$move, remaining$fall)
  notes <- c(sprintf("the network is not at %s: %s", where, far),
             sprintf("polished from its weights: objective %s to %s; at the new rows the fit moved by up to %.3g",
                     objective(before), objective(after), max(abs(shift))),
             paste("the bands are those of the polished fit: of a training that stops early the delta method says nothing;",
                   "a bootstrap of the whole training, or conformal intervals, would"))
  warning("jacobench: ", paste(notes[1:2], collapse = "; "), call. = FALSE)
  notes
}
