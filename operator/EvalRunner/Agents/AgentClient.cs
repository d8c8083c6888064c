using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Agents;

/// <summary>What came of one call: exactly one of the first two is set.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Fault">Why there is none; never a part of the answer.</param>
internal sealed record AgentReply(Answer? Answer, string? Fault)
{
    /// <summary>What the agent says that it cost, in USD; null where it does not say.</summary>
    public decimal? Cost { get; init; }

    /// <summary>
    /// How many calls of models another upstream answered in the place of the one that was called; null where that is not said, or cannot
    /// happen.
    /// </summary>
    public int? Fallbacks { get; init; }

    /// <summary>The faults of the evaluation's chaos that the candidate met on the way to it; empty where there is no chaos.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>
    /// There is no answer, although the candidate, and no other cause that is known, gave something back after it had met a fault: what the
    /// agent makes of a fault is what is measured.
    /// </summary>
    public bool IsOfChaos { get; init; }

    /// <summary>From the first byte of the request to the last one of the answer.</summary>
    public TimeSpan Latency { get; init; }
}

/// <summary>Calls the agent: its OpenAI-compatible chat endpoint, or what a case's request says. Safe for concurrent use.</summary>
internal sealed class AgentClient : IDisposable
{
    /// <summary>The header by which the agent's side may tell eval traffic.</summary>
    public const string RunHeader = "X-Agent-Eval-Run";

    /// <summary>The header of a response that says what the run cost, in USD.</summary>
    public const string CostHeader = "X-Agent-Run-Cost";

    /// <summary>The header in which a guardrail says how a run ended, where the agent declares how it refuses.</summary>
    public const string OutcomeHeader = "X-Agent-Outcome";

    /// <summary>The header in which a guardrail says how often it used a fallback, where one is declared.</summary>
    public const string FallbacksHeader = "X-Agent-Fallbacks";

    /// <summary>A larger body is no answer to a case.</summary>
    public const int MaxBody = 4 * 1024 * 1024;

    private readonly HttpClient http;
    private readonly RunnerSettings settings;
    private readonly TimeProvider time;

    public AgentClient(RunnerSettings settings, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        http = new HttpClient(
            new SocketsHttpHandler
            {
                // The candidate is in the cluster: a proxy of the environment, a redirect or a cookie would measure something else.
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                MaxConnectionsPerServer = settings.Parallelism,
            }
        )
        {
            // Each attempt has its own limit.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.Add(RunHeader, settings.Run);
    }

    public void Dispose() => http.Dispose();

    /// <summary>Makes one attempt at a turn. Throws for <paramref name="cancellationToken"/> only.</summary>
    /// <param name="template">For an agent with an API of its own; null for chat.</param>
    /// <param name="messages">The conversation, of which the last message is the turn's.</param>
    /// <param name="takesRefusal">The status of a refusal is an answer.</param>
    /// <param name="chaosKey">The key of the case's turn, by which its faults are chosen.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<AgentReply> AskAsync(
        RequestTemplate? template,
        IReadOnlyList<ChatMessage> messages,
        bool takesRefusal,
        string chaosKey,
        CancellationToken cancellationToken
    )
    {
        using var timeout = new CancellationTokenSource(settings.CaseTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var began = time.GetTimestamp();
        try
        {
            using var request =
                template?.Build(settings.Target, messages[^1].Content)
                ?? new HttpRequestMessage(HttpMethod.Post, settings.Target) { Content = Body(messages) };
            if (settings.ChaosPlan is { } plan)
                request.Headers.Add(ChaosHeaders.Case, ChaosHeaders.OfCase(plan, chaosKey));
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = await ReadAsync(response.Content, limit.Token);
            var (answer, fault) = Read(response.StatusCode, body, template, takesRefusal, Refuses(response));
            var reply = new AgentReply(answer, fault)
            {
                Cost = Cost(response),
                Fallbacks = Fallbacks(response),
                Latency = time.GetElapsedTime(began),
            };
            return settings.ChaosPlan is null ? reply : UnderChaos(reply, response, settings.ChaosPlan);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new AgentReply(null, $"no answer within {GoDuration.Format(settings.CaseTimeout)}");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new AgentReply(null, Describe(exception));
        }
    }

    // What says nothing of the faults that were met says nothing of the agent either, however good its answer is.
    private static AgentReply UnderChaos(AgentReply reply, HttpResponseMessage response, string plan)
    {
        var told = response.Headers.TryGetValues(ChaosHeaders.Met, out var values) && values.ToList() is [var only] ? only : null;
        if (ChaosHeaders.ReadMet(told, plan) is not { } met)
            return new AgentReply(
                null,
                reply.Fault is { } fault
                    ? $"{fault}; and the candidate's guardrail does not tell of the run's chaos"
                    : "the candidate's guardrail does not tell of the run's chaos"
            );
        if (met.Contains(ChaosHeaders.Unattributed))
            return new AgentReply(
                null,
                "a call of the agent named no run while several were open, so that nobody knows which fault it should have met: pass on "
                    + "X-Agent-Run-Id or traceparent, or set the suite's parallelism to 1"
            );
        return reply with
        {
            Faults = met,
            // Money that was used up says nothing of how the agent takes a fault.
            IsOfChaos = reply.Fault is not null && met.Count > 0 && response.StatusCode != HttpStatusCode.PaymentRequired,
        };
    }

    private (Answer? Answer, string? Fault) Read(
        HttpStatusCode status,
        byte[]? body,
        RequestTemplate? template,
        bool takesRefusal,
        bool refuses
    )
    {
        if (takesRefusal && (refuses || (int)status == settings.Refusal.Status) && body is not null)
            return (ResponseReader.Refusal(body), null);
        // A chat endpoint knows no other success; what an API of its own means by 201 is a success, too.
        if (template is null ? status != HttpStatusCode.OK : (int)status is < 200 or > 299)
            return (null, string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)status}{ErrorCode(body)}"));
        if (body is null)
            return (null, "the answer is larger than 4 MiB");
        return template is null ? ResponseReader.Chat(body) : ResponseReader.Own(body, template.Text);
    }

    private static ByteArrayContent Body(IReadOnlyList<ChatMessage> messages)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", "agent");
            json.WriteStartArray("messages");
            foreach (var (role, content) in messages)
            {
                json.WriteStartObject();
                json.WriteString("role", role);
                json.WriteString("content", content);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteBoolean("stream", false);
            json.WriteEndObject();
        }
        var bytes = new ByteArrayContent(buffer.WrittenSpan.ToArray());
        bytes.Headers.ContentType = new("application/json");
        return bytes;
    }

    /// <summary>The body, or null where it is larger than <see cref="MaxBody"/>.</summary>
    private static async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (body.Length + read > MaxBody)
                return null;
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }

    /// <summary>The agent's guardrail says that this answer is what the agent declares as a refusal.</summary>
    private static bool Refuses(HttpResponseMessage response) =>
        response.Headers.TryGetValues(OutcomeHeader, out var values) && values.ToList() is ["refused" or "cannot_answer"];

    /// <summary>One amount, stated once, or none.</summary>
    private static decimal? Cost(HttpResponseMessage response) =>
        response.Headers.TryGetValues(CostHeader, out var values)
        && values.ToList() is [var only]
        && decimal.TryParse(only, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cost)
            ? cost
            : null;

    /// <summary>One whole number, stated once, or none.</summary>
    private static int? Fallbacks(HttpResponseMessage response) =>
        response.Headers.TryGetValues(FallbacksHeader, out var values)
        && values.ToList() is [var only]
        && int.TryParse(only, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : null;

    /// <summary>", code x" where the body has an error code in OpenAI's form: one word, as the guardrail's own errors have.</summary>
    private static string ErrorCode(byte[]? body)
    {
        try
        {
            using var document = JsonDocument.Parse(body ?? []);
            return
                document.RootElement.TryGetProperty("error", out var error)
                && error.TryGetProperty("code", out var code)
                && code.ValueKind == JsonValueKind.String
                && code.GetString() is { Length: > 0 and <= 64 } word
                && word.All(character => char.IsAsciiLetterOrDigit(character) || character == '_')
                ? $", code {word}"
                : string.Empty;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return string.Empty;
        }
    }

    private static string Describe(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var kind }
            ? $"{kind}: {(exception.InnerException ?? exception).Message}"
            : (exception.InnerException ?? exception).Message;
}
