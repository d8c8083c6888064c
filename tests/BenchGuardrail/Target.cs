namespace AgentReadiness.BenchGuardrail;

/// <summary>Something that answers chat completions, and the process that does.</summary>
/// <param name="Name">Its column.</param>
/// <param name="Port">On 127.0.0.1.</param>
/// <param name="Path">Of chat completions.</param>
/// <param name="Process">Whose CPU and memory count.</param>
/// <param name="Headers">What a request needs beside its type.</param>
internal sealed record Target(string Name, int Port, string Path, Child Process, IReadOnlyList<(string Name, string Value)> Headers)
{
    /// <summary>The call that is measured.</summary>
    public const string Body =
        """{"model":"gpt-5.4-mini","max_tokens":1024,"messages":[{"role":"system","content":"You are a support agent."},"""
        + """{"role":"user","content":"Where is my order 4711? It was due on Tuesday."}]}""";

    /// <summary>The body that it is sent.</summary>
    public string Content { get; init; } = Body;

    /// <summary>Each call is another one: the order's number in the body counts up. What was seen before may cost nothing.</summary>
    public bool Varies { get; init; }

    /// <summary>Its address.</summary>
    public Uri Url => new($"http://127.0.0.1:{Port}{Path}");

    /// <summary>The whole request as it goes over the wire.</summary>
    public string Request =>
        $"POST {Path} HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\nContent-Type: application/json\r\n"
        + string.Concat(Headers.Select(header => $"{header.Name}: {header.Value}\r\n"))
        + $"Content-Length: {Body.Length}\r\n\r\n{Body}";
}
