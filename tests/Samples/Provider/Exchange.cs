using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>What a provider keeps between its calls.</summary>
internal sealed record Desk(IReadOnlyList<string> Keys, Witness Witness, TimeProvider Time)
{
    /// <summary>How often a text was asked that fails at first.</summary>
    public ConcurrentDictionary<string, int> Tries { get; } = new();

    /// <summary>Stored responses.</summary>
    public ResponseStore Responses { get; } = new();

    /// <summary>The tools that may be called over MCP and HTTP.</summary>
    public ToolBench Tools { get; } = new(Witness, Time);

    /// <summary>May this key be used?</summary>
    public bool Knows(string key) => Keys.Count == 0 || Keys.Contains(key);
}

/// <summary>One model call from its request to its bill.</summary>
internal sealed class Exchange(HttpContext context, Format format, Desk desk)
{
    private static readonly TimeSpan BeforeCut = TimeSpan.FromMilliseconds(50);

    /// <summary>Serves it.</summary>
    public async Task RunAsync(byte[] body)
    {
        format.Head(context);
        var key = format.Key(context.Request);
        if (!format.Open && !desk.Knows(key))
        {
            var (status, error) = format.Stranger(key);
            await JsonAsync(context, status, error);
            return;
        }
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            await JsonAsync(context, 400, format.Error(400, "We could not parse the JSON body of your request."));
            return;
        }
        using (document)
            await AnswerAsync(document.RootElement, key);
    }

    /// <summary>Writes JSON.</summary>
    public static async Task JsonAsync(HttpContext context, int status, JsonNode json)
    {
        var bytes = Format.Bytes(json);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes);
    }

    /// <summary>A key in the witness.</summary>
    public static string Fingerprint(string key) =>
        key.Length == 0 ? "none" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..8];

    private async Task AnswerAsync(JsonElement request, string key)
    {
        Ask ask;
        try
        {
            ask = format.Read(request);
        }
        catch (Exception exception)
            when (exception
                    is BadRequestException
                        or InvalidOperationException
                        or KeyNotFoundException
                        or ArgumentException
                        or FormatException
            )
        {
            desk.Witness.Refuse();
            await JsonAsync(context, 400, format.Error(400, exception.Message));
            return;
        }
        var orders = Directives.Parse(ask.Question);
        var turn = format.Think(ask, orders, desk.Time);
        var refusal = Refusal(ask, orders);
        try
        {
            if (orders.Latency > TimeSpan.Zero)
                await Task.Delay(orders.Latency, desk.Time, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // A real provider works on, and bills, when a client has gone.
            if (refusal is null)
                Book(turn, key, completed: false);
            return;
        }
        if (refusal is { } status)
        {
            desk.Witness.Refuse();
            if ((orders.RetryAfter ?? (status == 429 ? "1" : null)) is { } wait)
                context.Response.Headers.RetryAfter = wait;
            await JsonAsync(context, status, format.Error(status, $"The sample provider was told to answer {status}."));
            return;
        }
        await SendAsync(turn, request, key);
    }

    private async Task SendAsync(Turn turn, JsonElement request, string key)
    {
        var completed = false;
        try
        {
            completed = await Wire.SendAsync(context, format.Answer(turn, request), turn.Orders, desk.Time);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client has gone; counted below.
        }
        Book(turn, key, completed && !context.RequestAborted.IsCancellationRequested);
        if (completed)
            return;
        // A reset discards what the client has not read yet: without this, a cut answer would look like no answer.
        await Task.Delay(BeforeCut, desk.Time, CancellationToken.None);
        context.Abort();
    }

    private int? Refusal(Ask ask, Directives orders) =>
        orders.FailFirst is not { } times ? orders.Status
        : desk.Tries.AddOrUpdate(ask.Question, 1, (_, before) => before + 1) <= times ? orders.Status ?? 500
        : null;

    private void Book(Turn turn, string key, bool completed)
    {
        if (format.Free)
            return;
        var call = BilledCall.Of(format.Endpoint, turn, completed, Fingerprint(key), format.Tier);
        desk.Witness.Count(call);
        format.Booked(call);
    }
}
