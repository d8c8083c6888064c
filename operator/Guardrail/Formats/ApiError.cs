using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>An error of the guardrail's own, written in the provider's shape so that SDKs raise what they usually raise.</summary>
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

    /// <summary>The limit of one call or run that refuses, its name in the agent's spec.</summary>
    public string? Limit { get; init; }

    /// <summary>The JSON-RPC request's id, as it stood there.</summary>
    public string? RpcId { get; init; }

    /// <summary>JSON-RPC's code where the protocol has one of its own, which then goes with <see cref="Status"/>.</summary>
    public int? RpcCode { get; init; }

    /// <summary>
    /// A model can correct it: a call of an MCP tool gets it as a result that is an error, which clients show to the model.
    /// </summary>
    public bool IsForModel { get; init; }

    /// <summary>Answers with this error. A response that has started, or a client that has gone, is left alone.</summary>
    /// <param name="context">The request.</param>
    /// <param name="format">The shape; OpenAI's where the upstream is not known.</param>
    public async Task WriteAsync(HttpContext context, WireFormat? format = null)
    {
        var response = context.Response;
        if (response.HasStarted || context.RequestAborted.IsCancellationRequested)
            return;
        // A JSON-RPC request is answered in JSON-RPC: clients take another status for a broken connection.
        response.StatusCode = RpcId is not null && RpcCode is null ? StatusCodes.Status200OK : Status;
        response.ContentType = "application/json";
        if (!Retry)
            response.Headers["x-should-retry"] = "false";
        if (RetryAfter is { } after)
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var body = ToJson(format);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body);
    }

    /// <summary>The body, UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> ToJson(WireFormat? format = null)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        (format ?? WireFormat.Of("OpenAI")!).WriteError(writer, this);
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Writes what a machine can read beside code and message.</summary>
    public void WriteDetails(Utf8JsonWriter writer)
    {
        if (Limit is not null)
            writer.WriteString("limit", Limit);
        if (Budget is not { } budget)
            return;
        writer.WriteStartObject("budget");
        writer.WriteString("name", budget.Name);
        writer.WriteString("cap", budget.Cap.ToString());
        writer.WriteString("spent", budget.Spent.ToString());
        if (budget.CapTokens is { } tokens)
        {
            writer.WriteNumber("capTokens", tokens);
            writer.WriteNumber("spentTokens", budget.SpentTokens);
        }
        writer.WriteEndObject();
    }
}
