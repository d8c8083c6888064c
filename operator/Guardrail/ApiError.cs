using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgentReadiness.Api;

namespace AgentReadiness.Guardrail;

/// <summary>What a budget refusal tells a machine.</summary>
/// <param name="Name">The budget's name, for example "day".</param>
/// <param name="Cap">The cap in force, USD.</param>
/// <param name="Spent">Settled plus unproven spend of all holders, USD.</param>
internal sealed record BudgetState(string Name, Money Cap, Money Spent);

/// <summary>
/// An error of the guardrail's own, in the shape of OpenAI's errors ({"error":{"message","type","param","code"}}), so that SDKs raise
/// what they usually raise.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The stable code.</param>
/// <param name="Message">What happened and what to do about it.</param>
/// <param name="Retry">False where a retry of the same request is useless: <c>x-should-retry: false</c> is added.</param>
internal sealed record ApiError(int Status, string Code, string Message, bool Retry = false)
{
    /// <summary>The request's field at fault.</summary>
    public string? Param { get; init; }

    /// <summary>The value of Retry-After.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The budget that refuses.</summary>
    public BudgetState? Budget { get; init; }

    private string Type => Status switch
    {
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        < 500 => "invalid_request_error",
        _ => "api_error",
    };

    /// <summary>Answers with this error. A response that has started, or a client that has gone, is left alone.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || context.RequestAborted.IsCancellationRequested)
            return;
        response.StatusCode = Status;
        response.ContentType = "application/json";
        if (!Retry)
            response.Headers["x-should-retry"] = "false";
        if (RetryAfter is { } after)
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var body = ToJson();
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body);
    }

    /// <summary>The body, UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", Message);
        writer.WriteString("type", Type);
        writer.WriteString("param", Param);
        writer.WriteString("code", Code);
        if (Budget is { } budget)
        {
            writer.WriteStartObject("budget");
            writer.WriteString("name", budget.Name);
            writer.WriteString("cap", budget.Cap.ToString());
            writer.WriteString("spent", budget.Spent.ToString());
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }
}
