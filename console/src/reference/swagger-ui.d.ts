// What the reference uses of Swagger UI, which has no types of its own.

declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export interface SwaggerRequest {
    url: string;
    method?: string;
    headers: Record<string, string>;
  }

  export interface SwaggerOptions {
    spec: object;
    dom_id: string;
    deepLinking?: boolean;
    docExpansion?: "none" | "list" | "full";
    defaultModelsExpandDepth?: number;
    displayRequestDuration?: boolean;
    filter?: boolean;
    tagsSorter?: "alpha";
    tryItOutEnabled?: boolean;
    validatorUrl?: string | null;
    requestInterceptor?: (request: SwaggerRequest) => Promise<SwaggerRequest>;
  }

  export default function SwaggerUI(options: SwaggerOptions): unknown;
}
