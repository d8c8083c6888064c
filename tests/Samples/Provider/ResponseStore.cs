using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>A response that can be read again.</summary>
/// <param name="answer">The answer.</param>
/// <param name="reads">So many reads find it in progress.</param>
/// <param name="tokens">Its input and output tokens: the input of what is asked next.</param>
internal sealed class StoredResponse(ResponseAnswer answer, long reads, long tokens)
{
    private readonly Lock gate = new();
    private long left = reads + 1;
    private Witness? cancelledBy;
    private BilledCall? call;

    /// <summary>Its input and output tokens.</summary>
    public long Tokens => tokens;

    /// <summary>Reads it: a background response gets on by being read.</summary>
    public JsonObject Read()
    {
        lock (gate)
        {
            if (cancelledBy is not null)
                return answer.Response("cancelled");
            if (left > 0)
                left--;
            return answer.Response(left > 0 ? "in_progress" : answer.End);
        }
    }

    /// <summary>Remembers its bill, which is made when it is accepted: nobody has to read what must be paid.</summary>
    public void Book(BilledCall booked)
    {
        lock (gate)
        {
            call = booked;
            Revise();
        }
    }

    /// <summary>Ends it: half of its output is billed. Null where it has ended, or does not run in the background.</summary>
    public JsonObject? Cancel(Witness witness)
    {
        lock (gate)
        {
            if (reads == 0)
                return null;
            if (left > 0 && cancelledBy is null)
            {
                cancelledBy = witness;
                Revise();
            }
            return cancelledBy is null ? answer.Response(answer.End) : answer.Response("cancelled");
        }
    }

    private void Revise()
    {
        if (cancelledBy is not null && call is not null)
            cancelledBy.Revise(call, call with { Output = call.Output / 2, Completed = false });
    }
}

/// <summary>The responses of a provider.</summary>
internal sealed class ResponseStore
{
    private readonly ConcurrentDictionary<string, StoredResponse> responses = new();

    public StoredResponse Keep(ResponseAnswer answer, long reads, long tokens) =>
        responses[answer.Id] = new StoredResponse(answer, reads, tokens);

    public StoredResponse? Find(string id) => responses.GetValueOrDefault(id);

    /// <summary>GET, DELETE and cancel.</summary>
    public async Task ServeAsync(HttpContext context, string rest, Witness witness)
    {
        var parts = rest.Split('/');
        var method = context.Request.Method;
        if (Find(parts[0]) is not { } found)
        {
            await Exchange.JsonAsync(
                context,
                404,
                OpenAIFormat.Error("invalid_request_error", null, $"Response with id '{parts[0]}' not found.")
            );
        }
        else if (parts is [_, "cancel"] && HttpMethods.IsPost(method))
        {
            var cancelled = found.Cancel(witness);
            await Exchange.JsonAsync(
                context,
                cancelled is null ? 400 : 200,
                cancelled ?? OpenAIFormat.Error("invalid_request_error", null, "Cannot cancel a synchronous response.")
            );
        }
        else if (parts.Length == 1 && HttpMethods.IsDelete(method))
        {
            responses.TryRemove(parts[0], out _);
            await Exchange.JsonAsync(
                context,
                200,
                new JsonObject
                {
                    ["id"] = parts[0],
                    ["object"] = "response",
                    ["deleted"] = true,
                }
            );
        }
        else if (parts.Length == 1 && HttpMethods.IsGet(method))
        {
            await Exchange.JsonAsync(context, 200, found.Read());
        }
        else
        {
            await Exchange.JsonAsync(
                context,
                404,
                OpenAIFormat.Error("invalid_request_error", "unknown_url", $"Unknown request URL: {context.Request.Path}")
            );
        }
    }
}
