using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>A request that its format does not allow.</summary>
internal sealed class BadRequestException(string message) : Exception(message);

/// <summary>A provider's way to be asked, to answer and to refuse.</summary>
internal abstract class Format
{
    /// <summary>The endpoint's name in the witness.</summary>
    public abstract string Endpoint { get; }

    /// <summary>What it bills apart.</summary>
    public virtual Bills Bills => Bills.Plain;

    /// <summary>The service tier that an answer names where no directive does.</summary>
    public virtual string Tier => "default";

    /// <summary>Nobody pays for it.</summary>
    public virtual bool Free => false;

    /// <summary>Everyone may ask it, without a key.</summary>
    public virtual bool Open => false;

    /// <summary>The key of a request, empty where it has none.</summary>
    public abstract string Key(HttpRequest request);

    /// <summary>Reads a request.</summary>
    public abstract Ask Read(JsonElement request);

    /// <summary>Lets the model answer.</summary>
    public virtual Turn Think(Ask ask, Directives orders, TimeProvider time) => Turn.Of(ask, orders, Bills, time);

    /// <summary>Writes an answer.</summary>
    public abstract Reply Answer(Turn turn, JsonElement request);

    /// <summary>Writes an error.</summary>
    public abstract JsonObject Error(int status, string message);

    /// <summary>Writes that the key is not right.</summary>
    public virtual (int Status, JsonObject Error) Stranger(string key) => (401, Error(401, "Incorrect API key provided."));

    /// <summary>Headers of every answer.</summary>
    public virtual void Head(HttpContext context) { }

    /// <summary>Is told what was booked.</summary>
    public virtual void Booked(BilledCall call) { }

    /// <summary>The JSON of an object.</summary>
    public static byte[] Bytes(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    protected byte[] Failure(int status) => Bytes(Error(status, "The sample provider was told to fail."));

    protected static string Bearer(HttpRequest request) =>
        request.Headers.Authorization.ToString() is var value && value.StartsWith("Bearer ", StringComparison.Ordinal)
            ? value["Bearer ".Length..]
            : "";
}

/// <summary>What OpenAI's formats share. Azure's key may come in a header of its own.</summary>
internal abstract class OpenAIFormat : Format
{
    public override string Key(HttpRequest request) =>
        request.Path.StartsWithSegments("/openai", StringComparison.Ordinal) && request.Headers.TryGetValue("api-key", out var key)
            ? key.ToString()
            : Bearer(request);

    public override (int Status, JsonObject Error) Stranger(string key) =>
        (401, Error("invalid_request_error", "invalid_api_key", "Incorrect API key provided."));

    public override JsonObject Error(int status, string message) =>
        status switch
        {
            429 => Error("rate_limit_error", "rate_limit_exceeded", message),
            404 => Error("invalid_request_error", "not_found", message),
            >= 500 => Error("server_error", null, message),
            _ => Error("invalid_request_error", null, message),
        };

    public static JsonObject Error(string type, string? code, string message) =>
        new()
        {
            ["error"] = new JsonObject
            {
                ["message"] = message,
                ["type"] = type,
                ["param"] = null,
                ["code"] = code,
            },
        };

    protected static void Need(JsonElement request, params IEnumerable<string> names)
    {
        foreach (var name in names)
            if (!request.Has(name))
                throw new BadRequestException($"Missing required parameter: '{name}'.");
    }
}
