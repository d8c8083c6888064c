using System.Net;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail;

/// <summary>What the agent reaches as http://127.0.0.1:15080/UPSTREAM/…: chat completions, metered, and the list of models, free.</summary>
internal sealed class EgressProxy(
    ConfigStore config,
    PriceCatalog catalog,
    GrantClient grants,
    GuardrailMetrics metrics,
    TimeProvider time,
    ILogger<EgressProxy> log) : IDisposable
{
    /// <summary>The largest request body, bytes.</summary>
    public const int LargestBody = 32 * 1024 * 1024;

    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        ActivityHeadersPropagator = null,
    });

    /// <summary>Model calls in flight.</summary>
    public InFlight Calls { get; } = new();

    /// <summary>True: no new model calls.</summary>
    public bool Stopping { get; set; }

    /// <summary>Models that once cost more than was reserved: their bound does not hold.</summary>
    public HashSet<string> Overrun { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers one request of the agent.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var slash = path.IndexOf('/', 1);
        var name = slash < 0 ? path.TrimStart('/') : path[1..slash];
        var rest = slash < 0 ? "" : path[slash..];
        var settings = config.Current;
        if (!settings.Upstreams.TryGetValue(name, out var upstream))
        {
            await RefuseAsync(context, "", null, new ApiError(404, "unknown_upstream",
                $"No upstream of that name is declared; the base URL is http://127.0.0.1:{context.Connection.LocalPort}/NAME/v1 with NAME one of: {string.Join(", ", settings.Upstreams.Keys)}."));
            return;
        }
        var endpoint = rest.StartsWith("/v1/", StringComparison.Ordinal) ? rest[3..] : rest;
        if (endpoint == "/chat/completions" && HttpMethods.IsPost(context.Request.Method))
        {
            Calls.Enter();
            try
            {
                await ChatAsync(context, settings, upstream);
            }
            finally
            {
                Calls.Leave();
            }
        }
        else if (endpoint == "/models" && HttpMethods.IsGet(context.Request.Method))
        {
            await ModelsAsync(context, settings, upstream);
        }
        else
        {
            await RefuseAsync(context, name, null, new ApiError(403, "unmetered_endpoint",
                "Only POST chat/completions and GET models pass: the cost of other endpoints is not metered."));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>Answers with an error of our own, counted and logged.</summary>
    private async Task RefuseAsync(HttpContext context, string upstream, string? model, ApiError error)
    {
        metrics.Refused(upstream, error.Code);
        log.ModelCallRefused(RunId(context), upstream, model, error.Status, error.Code);
        await error.WriteAsync(context);
    }

    private async Task ChatAsync(HttpContext context, GuardrailSettings settings, Upstream upstream)
    {
        var (body, error) = Stopping
            ? (default, new ApiError(503, "guardrail_stopping", "This pod is shutting down.", Retry: true))
            : await RequestBody.ReadAsync(context.Request, LargestBody, context.RequestAborted);
        var request = error is null ? ChatRequestReader.Read(body.Span, out error) : null;
        if (request is null)
        {
            await RefuseAsync(context, upstream.Name, null, error!);
            return;
        }
        var prices = catalog.Find(catalog.ProviderOf(upstream.Url), request.Model, time.GetUtcNow());
        error = Check(settings, upstream, request, prices);
        if (error is not null || prices is null)
        {
            await RefuseAsync(context, upstream.Name, request.Model, error!);
            return;
        }
        var call = new ModelCall(context, settings, upstream, request, body, prices, catalog, client, time, log) { RunId = RunId(context) };
        GrantResult granted;
        try
        {
            granted = await grants.AcquireAsync(call.UpperBound, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        if (granted.Reservation is not { } reservation)
        {
            if (!context.RequestAborted.IsCancellationRequested)
                await RefuseAsync(context, upstream.Name, request.Model, BudgetErrors.For(granted.Refusal, grants.Account.Budget, call.UpperBound));
            return;
        }
        CallOutcome outcome;
        try
        {
            outcome = await call.RunAsync();
        }
        catch
        {
            grants.MarkUnproven(reservation);
            throw;
        }
        Book(call, reservation, outcome);
    }

    private void Book(ModelCall call, Reservation reservation, CallOutcome outcome)
    {
        var spent = outcome.Cost ?? reservation.Amount;
        if (outcome.Cost is not { } cost)
        {
            grants.MarkUnproven(reservation);
        }
        else
        {
            grants.Settle(reservation, cost);
            if (cost > reservation.Amount)
            {
                lock (Overrun)
                    Overrun.Add(call.Prices.RuleId);
                log.Overrun(call.Request.Model, cost.ToString(), reservation.Amount.ToString());
            }
        }
        var usage = outcome.Facts?.Usage;
        metrics.ModelCall(call.Upstream.Name, call.Prices.RuleId, outcome.Name, outcome.Status, usage, spent, call.Elapsed);
        log.ModelCall(outcome.Name, call.RunId, call.Upstream.Name, call.Request.Model, outcome.Facts?.Id, outcome.Status,
            usage?.Input, usage?.CacheRead, usage?.Output, spent.ToString(), reservation.Amount.ToString(), (long)call.Elapsed.TotalMilliseconds);
    }

    private ApiError? Check(GuardrailSettings settings, Upstream upstream, ChatRequest request, PricedModel? prices)
    {
        if (!settings.Allows(request.Model))
            return new ApiError(403, "model_not_allowed", $"The model \"{request.Model}\" is not in guardrails.models.allow.") { Param = "model" };
        if (prices is null)
        {
            return new ApiError(400, "model_not_priced",
                $"The model \"{request.Model}\" has no price for upstream \"{upstream.Name}\", so its cost cannot be capped. Name a model of the price catalog, or update the catalog.")
            { Param = "model" };
        }
        lock (Overrun)
        {
            if (Overrun.Contains(prices.RuleId))
            {
                return new ApiError(402, "model_overrun",
                    $"A call of the model \"{request.Model}\" cost more than its upper bound; the model is refused until that is looked into and the pod is restarted.")
                { Param = "model" };
            }
        }
        return upstream.Key is not null && upstream.Key.Read() is null
            ? new ApiError(503, "provider_key_unavailable", $"The key of upstream \"{upstream.Name}\" is missing, empty, or holds characters that no header can carry.", Retry: true)
            : null;
    }

    private async Task ModelsAsync(HttpContext context, GuardrailSettings settings, Upstream upstream)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, upstream.Endpoint("/models", context.Request.QueryString));
        UpstreamHeaders.Copy(context.Request, message, upstream.Key?.Read());
        using var expiry = new CancellationTokenSource(settings.ModelCallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, context.RequestAborted);
        try
        {
            using var response = await client.SendAsync(message, either.Token);
            UpstreamHeaders.Copy(response, context.Response, keepLength: true);
            await response.Content.CopyToAsync(context.Response.Body, either.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            log.ModelCallFailed(upstream.Name, "", e.GetType().Name);
            if (context.Response.HasStarted)
                context.Abort();
            else
                await new ApiError(502, "upstream_unreachable", $"The upstream \"{upstream.Name}\" did not answer.", Retry: true).WriteAsync(context);
        }
    }

    /// <summary>The run's ID as the agent passed it on, if it looks like one.</summary>
    private static string? RunId(HttpContext context)
    {
        var text = (string?)context.Request.Headers[InboundFront.RunIdHeader];
        return text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? text : null;
    }
}
