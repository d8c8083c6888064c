namespace AgentReadiness.Guardrail.Calls;

/// <summary>How a tool failed. A closed list: what is not on it is no failure. The names are stable: metrics and logs have them.</summary>
internal enum ToolFailure
{
    /// <summary>An MCP result with <c>"isError": true</c>.</summary>
    IsError,

    /// <summary>A JSON-RPC error.</summary>
    RpcError,

    /// <summary>An HTTP status from 400 to 599.</summary>
    HttpStatus,

    /// <summary>Nothing came back where the platform declares that as a failure.</summary>
    Empty,

    /// <summary>The answer matches a pattern or holds a value that the platform declares as a failure.</summary>
    Declared,

    /// <summary>There was no whole answer: a timeout, or a connection that could not be made or broke.</summary>
    NoAnswer,
}
