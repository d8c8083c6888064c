namespace AgentReadiness.BenchGuardrail;

/// <summary>nginx as the upstream, with one answer, and as the proxy before it.</summary>
internal static class Nginx
{
    /// <summary>A chat completion of 1 KB.</summary>
    private static readonly string Answer =
        $$$"""{"id":"chatcmpl-bench","object":"chat.completion","created":1767225600"""
        + $$$""","model":"gpt-5.4-mini","choices":[{"index":0"""
        + $$$""","message":{"role":"assistant","content":"{{{new string('x', 660)}}}","refusal":null},"logprobs":null"""
        + $$$""","finish_reason":"stop"}],"usage":{"prompt_tokens":38,"completion_tokens":120,"total_tokens":158"""
        + $$$""","prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}"""
        + $$$""","service_tier":"default"}""";

    /// <summary>What an MCP server answers to a call of a tool.</summary>
    private static readonly string ToolAnswer =
        $$$"""{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"It is on its way: {{{new string('x', 400)}}}"}]}}""";

    /// <summary>Starts the upstream.</summary>
    public static Child Upstream(string file, string folder, int port) =>
        Start(
            "upstream",
            file,
            folder,
            $$"""
            server {
              listen 127.0.0.1:{{port}} backlog=4096;
              default_type application/json;
              location = /v1/chat/completions { return 200 '{{Answer}}'; }
              location = /mcp { return 200 '{{ToolAnswer}}'; }
            }
            """
        );

    /// <summary>Starts the proxy.</summary>
    public static Child Proxy(string file, string folder, int port, int upstream) =>
        Start(
            "nginx",
            file,
            folder,
            $$"""
            upstream provider {
              server 127.0.0.1:{{upstream}};
              keepalive 64;
              keepalive_requests 1000000000;
            }
            server {
              listen 127.0.0.1:{{port}} backlog=4096;
              location / {
                proxy_pass http://provider;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
              }
            }
            """
        );

    private static Child Start(string name, string file, string folder, string http)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var conf = Path.Combine(own, "nginx.conf");
        File.WriteAllText(
            conf,
            $$"""
            daemon off;
            worker_processes 1;
            pid {{own}}/pid;
            error_log stderr error;
            events { worker_connections 4096; }
            http {
              access_log off;
              client_body_temp_path {{own}}/body;
              proxy_temp_path {{own}}/proxy;
              fastcgi_temp_path {{own}}/fastcgi;
              uwsgi_temp_path {{own}}/uwsgi;
              scgi_temp_path {{own}}/scgi;
              client_max_body_size 64m;
              keepalive_requests 1000000000;
              keepalive_timeout 1h;
              tcp_nodelay on;
            {{http}}
            }
            """
        );
        return new Child(name, folder, file, ["-c", conf, "-p", own, "-e", "stderr"]);
    }
}
