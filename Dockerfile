# The service without the embedded PostgreSQL: give it DATABASE_URL. It writes nothing to its file system and needs no root.
FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The embedded PostgreSQL is an optional dependency; the compiler has platform binaries that are optional ones, too.
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /srv/joint-ledger
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/readyz`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# The exec form, so that SIGTERM reaches the service, which then stops in order.
ENTRYPOINT ["node", "--max-semi-space-size=64", "dist/src/main.js"]
