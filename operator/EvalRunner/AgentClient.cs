using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using AgentReadiness.Api;

namespace AgentReadiness.EvalRunner;

/// <summary>What came of one call: exactly one of the two is set.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Fault">Why there is none; never a part of the answer.</param>
internal readonly record struct AgentAnswer(string? Text, string? Fault);

/// <summary>Calls the agent's OpenAI-compatible chat endpoint. Safe for concurrent use.</summary>
internal sealed class AgentClient : IDisposable
{
    /// <summary>The header by which the agent's side may tell eval traffic.</summary>
    public const string RunHeader = "X-Agent-Eval-Run";

    /// <summary>A larger body is no answer to a case.</summary>
    public const int MaxBody = 4 * 1024 * 1024;

    private readonly HttpClient http;
    private readonly RunnerSettings settings;
    private readonly TimeProvider time;

    public AgentClient(RunnerSettings settings, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        http = new HttpClient(new SocketsHttpHandler
        {
            // The candidate is in the cluster: a proxy of the environment, a redirect or a cookie would measure something else.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = settings.Parallelism,
        })
        {
            // Each attempt has its own limit.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.Add(RunHeader, settings.Run);
    }

    public void Dispose() => http.Dispose();

    /// <summary>Makes one attempt. Throws for <paramref name="stop"/> only.</summary>
    public async Task<AgentAnswer> AskAsync(string input, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(settings.CaseTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, settings.Target) { Content = Body(input) };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = await ReadAsync(response.Content, limit.Token);
            if (response.StatusCode != HttpStatusCode.OK)
                return new AgentAnswer(null, string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)response.StatusCode}{ErrorCode(body)}"));
            return body is { } bytes ? Content(bytes) : new AgentAnswer(null, "the answer is larger than 4 MiB");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new AgentAnswer(null, $"no answer within {GoDuration.Format(settings.CaseTimeout)}");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return new AgentAnswer(null, Describe(fault));
        }
    }

    private static ByteArrayContent Body(string input)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", "agent");
            json.WriteStartArray("messages");
            json.WriteStartObject();
            json.WriteString("role", "user");
            json.WriteString("content", input);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteBoolean("stream", false);
            json.WriteEndObject();
        }
        var content = new ByteArrayContent(buffer.WrittenSpan.ToArray());
        content.Headers.ContentType = new("application/json");
        return content;
    }

    /// <summary>The body, or null where it is larger than <see cref="MaxBody"/>.</summary>
    private static async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken stop)
    {
        await using var stream = await content.ReadAsStreamAsync(stop);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, stop)) > 0)
        {
            if (body.Length + read > MaxBody)
                return null;
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }

    private static AgentAnswer Content(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0
                && choices[0] is { ValueKind: JsonValueKind.Object } choice
                && choice.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object)
            {
                if (message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String)
                    return new AgentAnswer(content.GetString(), null);
                // A model that declines says so here, with content null: that is what the user gets to read.
                if (message.TryGetProperty("refusal", out var refusal) && refusal.ValueKind == JsonValueKind.String)
                    return new AgentAnswer(refusal.GetString(), null);
            }
            return new AgentAnswer(null, "the body has no text in choices[0].message.content");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: bytes or escapes that are no Unicode text.
            return new AgentAnswer(null, "the body is not JSON that can be read");
        }
    }

    /// <summary>", code x" where the body has an error code in OpenAI's form: one word, as the guardrail's own errors have.</summary>
    private static string ErrorCode(byte[]? body)
    {
        try
        {
            using var document = JsonDocument.Parse(body ?? []);
            return document.RootElement.TryGetProperty("error", out var error) && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String
                && code.GetString() is { Length: > 0 and <= 64 } word && word.All(character => char.IsAsciiLetterOrDigit(character) || character == '_')
                ? $", code {word}" : string.Empty;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return string.Empty;
        }
    }

    private static string Describe(Exception fault) => fault is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var kind }
        ? $"{kind}: {(fault.InnerException ?? fault).Message}"
        : (fault.InnerException ?? fault).Message;
}
