using System.Net.Http.Headers;
using AgentReadiness.Api;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail;

/// <summary>How a call ended.</summary>
/// <param name="Name">settled, zero or unproven.</param>
/// <param name="Cost">What it cost, USD; null where that is not proven, so that the whole reservation counts.</param>
/// <param name="Status">The status that the provider answered, 0 without an answer.</param>
/// <param name="Facts">What the answer said.</param>
internal sealed record CallOutcome(string Name, Money? Cost, int Status, ResponseFacts? Facts)
{
    /// <summary>The provider cannot have billed anything.</summary>
    public static CallOutcome Zero(int status) => new("zero", Money.Zero, status, null);

    /// <summary>The provider may have billed up to the reservation.</summary>
    public static CallOutcome Unproven(int status, ResponseFacts? facts) => new("unproven", null, status, facts);
}

/// <summary>One chat completion, from reservation to the last byte.</summary>
internal sealed class ModelCall(
    HttpContext context,
    GuardrailSettings settings,
    Upstream upstream,
    ChatRequest request,
    ReadOnlyMemory<byte> body,
    PricedModel prices,
    PriceCatalog catalog,
    HttpMessageInvoker client,
    TimeProvider time,
    ILogger log)
{
    /// <summary>Tokens that a message adds beside its bytes: role markers and separators.</summary>
    public const int TokensPerMessage = 16;

    /// <summary>Tokens that a request adds beside its messages.</summary>
    public const int TokensPerRequest = 64;

    private const int LongestCapture = 8 * 1024 * 1024;

    /// <summary>How long an answer is read on after the agent has gone, to learn its usage.</summary>
    private static readonly TimeSpan DrainAfterClient = TimeSpan.FromSeconds(30);

    private readonly long startedAt = time.GetTimestamp();

    /// <summary>The request.</summary>
    public ChatRequest Request => request;

    /// <summary>The provider.</summary>
    public Upstream Upstream => upstream;

    /// <summary>The prices at the call's start; they hold for the whole call.</summary>
    public PricedModel Prices => prices;

    /// <summary>The run, if the agent passed its ID on.</summary>
    public string? RunId { get; init; }

    /// <summary>Time since the call began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(startedAt);

    /// <summary>The output limit of each choice, tokens.</summary>
    public long OutputLimit { get; } = request.OutputLimit
        ?? Math.Min(settings.Config.MaxOutputTokens, prices.MaxOutputTokens ?? long.MaxValue);

    /// <summary>The most that this call can cost. A token is at least one byte of UTF-8, and framing is counted beside.</summary>
    public Money UpperBound => prices.UpperBound(body.Length + ((long)TokensPerMessage * request.Messages) + TokensPerRequest, OutputLimit * request.Choices);

    /// <summary>Sends the call and passes the answer on. Throws nothing that the provider or the agent can cause.</summary>
    public async Task<CallOutcome> RunAsync()
    {
        using var expiry = new CancellationTokenSource(settings.ModelCallTimeout, time);
        await using var leaving = context.RequestAborted.UnsafeRegister(_ => ShortenTo(expiry), null);
        using var content = new SplicedContent(body, request.Splices(OutputLimit), context.Request.ContentType);
        using var message = new HttpRequestMessage(HttpMethod.Post, upstream.Endpoint("/chat/completions", context.Request.QueryString)) { Content = content };
        UpstreamHeaders.Copy(context.Request, message, upstream.Key?.Read());
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(message, expiry.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return await FailedAsync(e, content.Started);
        }
        using (response)
        {
            try
            {
                return await AnswerAsync(response, expiry.Token);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                log.ModelCallFailed(upstream.Name, request.Model, Reason(e));
                // The agent must not take a part for the whole.
                context.Abort();
                return NotBilled((int)response.StatusCode) ? CallOutcome.Zero((int)response.StatusCode) : CallOutcome.Unproven((int)response.StatusCode, null);
            }
        }
    }

    private async Task<CallOutcome> FailedAsync(Exception e, bool sent)
    {
        log.ModelCallFailed(upstream.Name, request.Model, Reason(e));
        await (e is OperationCanceledException
            ? new ApiError(504, "model_call_timeout", $"The upstream \"{upstream.Name}\" did not answer within {settings.Config.ModelCallTimeout}.", Retry: true)
            : sent
                ? new ApiError(502, "upstream_failed", $"The upstream \"{upstream.Name}\" broke off before it answered: {Reason(e)}.", Retry: true)
                : new ApiError(502, "upstream_unreachable", $"The upstream \"{upstream.Name}\" cannot be reached: {Reason(e)}.", Retry: true)).WriteAsync(context);
        return sent ? CallOutcome.Unproven(0, null) : CallOutcome.Zero(0);
    }

    private async Task<CallOutcome> AnswerAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        var streamed = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        UpstreamHeaders.Copy(response, context.Response, keepLength: !streamed);
        var facts = new ResponseFacts();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        var whole = streamed && response.IsSuccessStatusCode
            ? await StreamEventsAsync(stream, facts, cancellation)
            : await CopyAsync(stream, facts, cancellation);
        if (NotBilled(status))
            return CallOutcome.Zero(status);
        return response.IsSuccessStatusCode && whole && Cost(facts) is { } cost
            ? new CallOutcome("settled", cost, status, facts)
            : CallOutcome.Unproven(status, facts);
    }

    /// <summary>Refused by the provider before it did any work: nothing is billed. 529 is Anthropic's "overloaded".</summary>
    private static bool NotBilled(int status) => status is (>= 400 and < 500) or 529;

    /// <summary>The proven cost, or null where usage is missing or its price is not known.</summary>
    private Money? Cost(ResponseFacts facts)
    {
        // A tier that the request did not ask for has a price that the catalog does not know.
        if (facts.Usage is not { } usage || !facts.UsageIsFinal || facts.ServiceTier is not (null or "auto" or "default" or "flex"))
            return null;
        var cost = prices.Cost(usage);
        if (facts.Model is { } answered && answered != request.Model
            && catalog.Find(catalog.ProviderOf(upstream.Url), answered, time.GetUtcNow()) is { } other)
        {
            cost = Money.Max(cost, other.Cost(usage));
        }
        return cost;
    }

    /// <summary>Passes each event on once it is complete. True where the usage is that of the whole call.</summary>
    private async Task<bool> StreamEventsAsync(Stream stream, ResponseFacts facts, CancellationToken cancellation)
    {
        var filter = new SseUsageFilter(facts, hideUsage: request.Stream && !request.WantsUsage);
        await context.Response.StartAsync(CancellationToken.None);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                filter.Append(buffer.AsSpan(0, read));
                var wrote = false;
                while (filter.TryTake(out var bytes, out var show))
                {
                    if (show)
                        wrote |= await WriteAsync(bytes, cancellation);
                }
                if (wrote)
                    await FlushAsync(cancellation);
            }
        }
        catch (Exception e) when (facts is { Usage: not null, UsageIsFinal: true } && e is (HttpRequestException or IOException or OperationCanceledException))
        {
            // The usage chunk came; only the end is missing, and it costs nothing.
            log.ModelCallFailed(upstream.Name, request.Model, Reason(e));
            context.Abort();
            return !filter.Overflowed;
        }
        if (filter.TryTakeRest(out var rest, out var showRest) && showRest)
            await WriteAsync(rest, cancellation);
        // A stream that ended by itself: usage that came along with the last choices is final too.
        facts.UsageIsFinal = facts.Usage is not null;
        return !filter.Overflowed;
    }

    /// <summary>Passes the answer on while keeping a bounded copy to read usage from. True where the copy is complete.</summary>
    private async Task<bool> CopyAsync(Stream stream, ResponseFacts facts, CancellationToken cancellation)
    {
        using var copy = new MemoryStream();
        var buffer = new byte[16 * 1024];
        var complete = true;
        while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            complete = complete && copy.Length + read <= LongestCapture;
            if (complete)
                copy.Write(buffer, 0, read);
            await WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
        if (!complete)
            return false;
        facts.Read(copy.GetBuffer().AsSpan(0, (int)copy.Length), out _);
        facts.UsageIsFinal = facts.Usage is not null;
        return true;
    }

    /// <summary>Writes to the agent, if it is still there. The answer is read on without it.</summary>
    private async Task<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return false;
        try
        {
            await context.Response.Body.WriteAsync(bytes, cancellation);
            return true;
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is (OperationCanceledException or IOException or InvalidOperationException))
        {
            return false;
        }
    }

    private async Task FlushAsync(CancellationToken cancellation)
    {
        try
        {
            await context.Response.Body.FlushAsync(cancellation);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is (OperationCanceledException or IOException or InvalidOperationException))
        {
            // The agent has gone.
        }
    }

    private void ShortenTo(CancellationTokenSource expiry)
    {
        var left = settings.ModelCallTimeout - Elapsed;
        try
        {
            if (left > DrainAfterClient)
                expiry.CancelAfter(DrainAfterClient);
        }
        catch (ObjectDisposedException)
        {
            // The call has just ended.
        }
    }

    private static string Reason(Exception e) => e switch
    {
        OperationCanceledException => "timeout",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => http.HttpRequestError.ToString(),
        _ => e.GetType().Name,
    };
}
